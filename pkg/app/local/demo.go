package local

import (
	"context"
	"errors"
	"fmt"
	"time"

	"yardstick/pkg/app"
	"yardstick/pkg/simulator"
)

const (
	demoBucket = "yardstick-demo"
	demoZone   = "America/Chicago"
	demoKey    = "demo-key-of-a-simulated-vendor"
	yardSecret = "yardstick/scrapright/main/api-key"
	scrunchKey = "yardstick/scrunch/main/api-key"
	// DemoPace is what the demo's yard grants a minute. The documented grant is 10.
	DemoPace = 6000
)

// Demo is both vendors, simulated, beside an embedded cloud, and the App that exports the ones to the other.
type Demo struct {
	*app.App
	Cloud      *Cloud
	YardURL    string
	ScrunchURL string
	Yard       *simulator.Yard    // served at YardURL, for who wants it to misbehave
	Scrunch    *simulator.Scrunch // served at ScrunchURL, for the same
	stops      []func()
}

// OpenDemo starts the simulated vendors and the cloud over a folder, and puts the API keys where an operator would put
// them. The same folder can be opened again: the yard knows its tokens, and all days are what they were. The vendors'
// clock is the one of the options.
func OpenDemo(ctx context.Context, dir string, o app.Options) (*Demo, error) {
	d := &Demo{}
	err := d.start(dir, o)
	if err == nil {
		o.Config = d.config()
		d.App, err = d.Cloud.Open(ctx, o)
	}
	if err == nil {
		err = d.storeKeys(ctx)
	}
	if err != nil {
		return nil, errors.Join(err, d.Close())
	}
	return d, nil
}

func (d *Demo) start(dir string, o app.Options) error {
	zone, err := time.LoadLocation(demoZone)
	if err != nil {
		return fmt.Errorf("demo: %w", err)
	}
	if d.Cloud, err = OpenCloud(dir, o.Log); err != nil {
		return err
	}
	now := o.Now
	if now == nil {
		now = time.Now
	}
	d.Yard = simulator.NewYard(simulator.YardConfig{Seed: 1, Name: "Cedar Bend Metals", APIKey: demoKey, Now: now,
		RequestsPerMinute: DemoPace, Zone: zone})
	d.Scrunch = simulator.NewScrunch(simulator.ScrunchConfig{Seed: 1, Keys: []simulator.ScrunchKey{{Key: demoKey}}, Now: now})
	for url, start := range map[*string]func() (string, func(), error){&d.YardURL: d.Yard.Start, &d.ScrunchURL: d.Scrunch.Start} {
		var stop func()
		if *url, stop, err = start(); err != nil {
			return fmt.Errorf("demo: %w", err)
		}
		d.stops = append(d.stops, stop)
	}
	return nil
}

func (d *Demo) config() string {
	return fmt.Sprintf(`version: 1
bucket: %s
scrapright:
  - account: main
    url: %s
    api_key_secret: %s
    session_secret: yardstick/scrapright/main/session
    timezone: %s
scrunch:
  - account: main
    url: %s
    api_key_secret: %s
`, demoBucket, d.YardURL, yardSecret, demoZone, d.ScrunchURL, scrunchKey)
}

func (d *Demo) storeKeys(ctx context.Context) error {
	return errors.Join(d.CreateSecret(ctx, yardSecret, fmt.Sprintf("{\"api_key\":%q}", demoKey)), d.CreateSecret(ctx, scrunchKey, demoKey))
}

// Close stops the vendors and the cloud.
func (d *Demo) Close() error {
	for _, stop := range d.stops {
		stop()
	}
	if d.Cloud == nil {
		return nil
	}
	return d.Cloud.Close()
}
