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
	demoKey    = "yardstick/scrapright/main/api-key"
	demoZone   = "America/Chicago"
	// DemoPace is what the demo's yard grants a minute. The documented grant is 10.
	DemoPace = 6000
)

// Demo is a simulated yard beside an embedded cloud, and the App that exports the one to the other.
type Demo struct {
	*app.App
	Cloud    *Cloud
	YardURL  string
	stopYard func()
}

// OpenDemo starts the simulated yard and the cloud over a folder, and puts the yard's API key where an operator would
// put it. The same folder can be opened again: the yard knows its tokens, and its days are what they were.
func OpenDemo(ctx context.Context, dir string, o app.Options) (*Demo, error) {
	zone, err := time.LoadLocation(demoZone)
	if err != nil {
		return nil, fmt.Errorf("demo: %w", err)
	}
	const key = "demo-key-of-a-simulated-yard"
	yard := simulator.NewYard(simulator.YardConfig{Seed: 1, Name: "Cedar Bend Metals", APIKey: key, Now: time.Now,
		RequestsPerMinute: DemoPace, Zone: zone})
	url, stop, err := yard.Start()
	if err != nil {
		return nil, fmt.Errorf("demo: %w", err)
	}
	cloud, err := OpenCloud(dir, o.Log)
	if err != nil {
		stop()
		return nil, err
	}
	d := &Demo{Cloud: cloud, YardURL: url, stopYard: stop}
	o.Config = fmt.Sprintf(`version: 1
bucket: %s
scrapright:
  - account: main
    url: %s
    api_key_secret: %s
    session_secret: yardstick/scrapright/main/session
    timezone: %s
`, demoBucket, url, demoKey, demoZone)
	if d.App, err = cloud.Open(ctx, o); err == nil {
		err = d.CreateSecret(ctx, demoKey, fmt.Sprintf("{\"api_key\":%q}", key))
	}
	if err != nil {
		return nil, errors.Join(err, d.Close())
	}
	return d, nil
}

// Close stops the yard and the cloud.
func (d *Demo) Close() error {
	d.stopYard()
	return d.Cloud.Close()
}
