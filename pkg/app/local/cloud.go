// Package local is the wiring of the command line beyond the functions': the embedded S3 and Secrets Manager, the
// simulated vendors of the demo, and what `check` finds at a yard. Only cmd links it, which keeps the functions small.
package local

import (
	"context"
	"fmt"
	"log/slog"
	"path/filepath"
	"time"

	"yardstick/pkg/app"
	"yardstick/pkg/localcloud"
)

// Cloud is an embedded S3 and Secrets Manager over a folder, for as long as the process runs.
type Cloud struct {
	Endpoint string // for app.Options
	Dir      string
	cloud    *localcloud.Cloud
}

// OpenCloud opens the folder, which is made if need be, and serves it on loopback. A folder that another process has
// open is a *localcloud.Locked error.
func OpenCloud(dir string, log *slog.Logger) (*Cloud, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, fmt.Errorf("--local: %w", err)
	}
	cloud, err := localcloud.Open(dir, localcloud.Options{Now: time.Now, Log: log})
	if err != nil {
		return nil, err
	}
	endpoint, err := cloud.Start()
	if err != nil {
		_ = cloud.Close() // the first fault is the one to tell
		return nil, err
	}
	return &Cloud{Endpoint: endpoint, Dir: dir, cloud: cloud}, nil
}

// Open is app.Open over the folder; the configuration's bucket is made.
func (c *Cloud) Open(ctx context.Context, o app.Options) (*app.App, error) {
	o.Endpoint = c.Endpoint
	a, err := app.Open(ctx, o)
	if err != nil {
		return nil, err
	}
	a.Root = filepath.ToSlash(c.Bucket(a.Configured.Bucket)) + "/"
	return a, c.cloud.CreateBucket(a.Configured.Bucket)
}

// Bucket is the folder in which a bucket's objects lie as plain files.
func (c *Cloud) Bucket(name string) string { return filepath.Join(c.Dir, "s3", name) }

// Close ends the servers and frees the folder.
func (c *Cloud) Close() error { return c.cloud.Close() }
