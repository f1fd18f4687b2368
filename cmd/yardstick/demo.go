package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"strings"

	"yardstick/pkg/app"
	"yardstick/pkg/app/local"
)

// demo is the command `demo`.
type demo struct {
	Dir text `default:"yardstick-demo" help:"The folder in which everything is kept. Default: ${default}."`
}

// documentedPace is what ScrapRight's documentation says that it grants a minute.
const documentedPace = 10

func (d *demo) run(ctx context.Context, s *session) (exitCode, error) {
	if s.configFlag || s.Local != "" {
		return failed, &misuse{fault: "demo brings its own configuration and folder: --config and --local are for the other commands, --dir is the demo's",
			help: "yardstick demo"}
	}
	ctx, stop, release := interruptible(ctx, s.tell)
	defer release()
	opening, err := local.OpenDemo(ctx, string(d.Dir), app.Options{Log: s.log(s.Verbose)})
	if err != nil {
		return failed, err
	}
	o := &opened{App: opening.App, root: nearby(opening.Cloud.Bucket(opening.Configured.Bucket)) + "/", close: opening.Close}
	intro := fmt.Sprintf("Simulated: a ScrapRight yard at %s, Scrunch at %s, and an S3 and Secrets Manager in %s. The yard grants %s "+
		"requests a minute; the documented grant is %d.", opening.YardURL, opening.ScrunchURL, nearby(opening.Cloud.Dir),
		number(local.DemoPace), documentedPace)
	s.err.printf("%s\n\n", wrapped(intro, s.margin))
	code, err := s.report(o, s.export(ctx, o.App, stop, opening.Sources(), app.Event{}))
	if err == nil && !s.JSON {
		err = s.printFiles(o)
	}
	return code, errors.Join(err, o.close())
}

// printFiles tells where the plain files lie, how large they are and how to look at one.
func (s *session) printFiles(o *opened) error {
	files, bytes, newest := 0, int64(0), ""
	err := filepath.WalkDir(o.root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(path, ".json.gz") {
			return err
		}
		info, err := entry.Info()
		if err != nil {
			return err
		}
		files++
		bytes += info.Size()
		if strings.HasSuffix(path, "/purchases.json.gz") && info.Size() > emptyFile {
			newest = path // days sort as they follow each other
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("look at what was written: %w", err)
	}
	s.out.printf("\n%s\n", wrapped(fmt.Sprintf("The plain files: %s, %s in %s.", o.root, size(bytes), counted(files, "file")), s.width))
	if newest != "" {
		buckets := filepath.Dir(filepath.Clean(o.root))
		s.out.printf("A purchase of the newest day:\n\n")
		s.out.printf("gzip -dc %s/*/scrapright/purchases/*/%s/* | head -1\n", quoted(buckets), filepath.Base(filepath.Dir(newest)))
	}
	s.out.printf("\nA page of what is there, day by day:\n\n%sabout/index.html\n", o.root)
	return nil
}

// emptyFile is more than the gzip of no lines takes.
const emptyFile = 64
