package main

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"

	"yardstick/pkg/app"
	"yardstick/pkg/app/local"
)

// opened is the App that a command works with.
type opened struct {
	*app.App
	root  string // what stands before a key to find its object: s3://bucket/ or a folder
	close func() error
}

// open sets up what the common flags ask for. The caller closes it.
func (s *session) open(ctx context.Context) (*opened, error) {
	options := app.Options{Config: string(s.Config), Log: s.log(s.Verbose)}
	if s.Local == "" {
		a, err := app.Open(ctx, options)
		if err != nil {
			return nil, err
		}
		return &opened{App: a, root: "s3://" + a.Configured.Bucket + "/", close: func() error { return nil }}, nil
	}
	cloud, err := local.OpenCloud(string(s.Local), options.Log)
	if err != nil {
		return nil, err
	}
	a, err := cloud.Open(ctx, options)
	if err != nil {
		return nil, errors.Join(err, cloud.Close())
	}
	return &opened{App: a, root: nearby(cloud.Bucket(a.Configured.Bucket)) + "/", close: cloud.Close}, nil
}

// place is where a dataset's objects lie, as people would look for them.
func (o *opened) place(source, dataset, account string) string {
	return o.root + app.Layout{Prefix: o.Configured.Prefix}.Partitions(source, dataset, account)
}

// nearby spells a path from the working directory where it lies below it.
func nearby(path string) string {
	here, err := os.Getwd()
	if err != nil {
		return path
	}
	short, err := filepath.Rel(here, path)
	if err != nil || short == ".." || strings.HasPrefix(short, ".."+string(filepath.Separator)) {
		return path
	}
	return short
}
