package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"yardstick/pkg/app"
	"yardstick/pkg/localcloud"
	"yardstick/pkg/simulator"
)

const (
	bucket  = "start" // the one of .ci/bench.d/empty
	key     = "the-key-of-the-vendor"
	history = 30 // days
)

// settings is the configuration of a source, for the vendor's URL.
var settings = map[string]string{
	app.ScrapRight: `version: 1
bucket: start
scrapright:
  - account: main
    url: %s
    api_key_secret: scrapright/key
    session_secret: scrapright/session
    timezone: America/Chicago
`,
	app.Scrunch: `version: 1
bucket: start
scrunch:
  - account: main
    url: %s
    api_key_secret: scrunch/key
`,
}

// world is what stands round the functions: both vendors, the bucket and the secrets.
type world struct {
	aws  *counter
	env  map[string][]string // of the functions, by source
	ends []func() error
}

func newWorld(dir string) (*world, error) {
	cloud, err := localcloud.Open(filepath.Join(dir, "cloud"), localcloud.Options{Now: time.Now, NoSync: true})
	if err != nil {
		return nil, err
	}
	w := &world{aws: &counter{Handler: cloud.Handler()}, env: map[string][]string{}, ends: []func() error{cloud.Close}}
	address, stop, err := serve(w.aws)
	if err != nil {
		return w, err
	}
	w.ends = append(w.ends, func() error { stop(); return nil })
	yard := simulator.NewYard(simulator.YardConfig{APIKey: key, Now: time.Now, RequestsPerMinute: 1 << 30})
	scrunch := simulator.NewScrunch(simulator.ScrunchConfig{Prompts: 3, Keys: []simulator.ScrunchKey{{Key: key}}, Now: time.Now})
	return w, errors.Join(cloud.CreateBucket(bucket),
		w.add(app.ScrapRight, "http://"+address, yard.Start), w.add(app.Scrunch, "http://"+address, scrunch.Start))
}

// add starts a source's vendor and puts its key in place.
func (w *world) add(source, endpoint string, begin func() (url string, stop func(), err error)) error {
	url, stop, err := begin()
	if err != nil {
		return err
	}
	w.ends = append(w.ends, func() error { stop(); return nil })
	config := fmt.Sprintf(settings[source], url)
	w.env[source] = append([]string{"AWS_ENDPOINT_URL=" + endpoint, app.ConfigVariable + "=" + config}, strings.Fields(os.Getenv("FUNCTION_SETTINGS"))...)
	a, err := app.Open(context.Background(), app.Options{Config: config, Endpoint: endpoint})
	if err != nil {
		return err
	}
	return a.CreateSecret(context.Background(), source+"/key", key)
}

func (w *world) end() error {
	var faults []error
	for i := len(w.ends) - 1; i >= 0; i-- {
		faults = append(faults, w.ends[i]())
	}
	return errors.Join(faults...)
}

// past asks for the days before today of a dataset, or of all ("") but listings. Once they were exported, nothing of them is
// due; the open day is due on every run.
func past(now time.Time, dataset string) string {
	day := func(ago int) string { return now.UTC().AddDate(0, 0, -ago).Format(time.DateOnly) }
	only := ""
	if dataset != "" {
		only = fmt.Sprintf(`"datasets":[%q],`, dataset)
	}
	return fmt.Sprintf(`{%s"from":%q,"to":%q}`, only, day(history+1), day(2)) // yesterday is today in another zone
}
