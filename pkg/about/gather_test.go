package about_test

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"yardstick/pkg/about"
	"yardstick/pkg/export"
	"yardstick/pkg/golden"
	"yardstick/pkg/snapshot"
)

// world is a bucket of two yards and two brands with all that can be the matter with days, and what is wanted of it.
func world() (*bucket, []about.Wanted) {
	b := newBucket()
	chicago, err := time.LoadLocation("America/Chicago")
	must(err)
	main := yard("main", "2026-10-30")
	main.Zone = chicago
	main.Datasets = append(main.Datasets, about.WantedDataset{Dataset: "customers", Listing: true, Parts: []string{"customers"}})
	main.RenewableUntil = noon().AddDate(0, 0, 30)
	for day := date("2026-10-29"); day <= date("2026-11-23"); day++ { // a day before what is wanted is there too
		b.export(snapshot.Name{Source: "scrapright", Dataset: "purchases", Account: "main", Day: day, Part: "purchases"}, noon().Add(-65*time.Minute),
			func(e *snapshot.Entry) {
				e.Rows, e.Settled = int64(day%7)*20, day < date("2026-11-20") // each Sunday is empty
				if day == date("2026-11-12") {
					e.Spec = "as asked before"
				}
				if day == date("2026-11-14") {
					e.FetchedAt, e.Settled = noon().AddDate(0, 0, -4), false // the reading before the one that failed
				}
			})
	}
	must(b.Delete(context.Background(), layout.Data(purchasesOf("main", "2026-11-10"))))
	customers := snapshot.Name{Source: "scrapright", Dataset: "customers", Account: "main", Part: "customers"}
	for _, day := range []string{"2026-11-18", "2026-11-19", "2026-11-21", "2026-11-22"} {
		customers.Day = date(day)
		b.export(customers, noon().AddDate(0, 0, -1), func(e *snapshot.Entry) { e.Rows, e.Settled = 850, false })
	}
	brands := about.Wanted{Source: "scrunch", Account: "main", Zone: time.UTC, RestateEvery: 6 * time.Hour, Refresh: 6 * time.Hour,
		Datasets: []about.WantedDataset{{Dataset: "brand_daily", Spec: "as now", Parts: []string{"brand-9", "brand-101"}}}}
	for day := date("2026-11-01"); day <= date("2026-11-23"); day++ {
		for _, part := range []string{"brand-7", "brand-9", "brand-101"} { // brand-7 is not wanted any more
			if part == "brand-7" && day > date("2026-11-10") || part == "brand-101" && day == date("2026-11-15") {
				continue
			}
			b.export(snapshot.Name{Source: "scrunch", Dataset: "brand_daily", Account: "main", Day: day, Part: part}, noon().Add(-35*time.Minute),
				func(e *snapshot.Entry) { e.Rows, e.Settled = 1, day < date("2026-11-20") })
		}
	}
	for hour := range 12 {
		done := export.AccountResult{Account: "main", Status: export.Complete, Requests: 14, Throttled: hour % 2,
			Datasets: []export.DatasetResult{{Dataset: "purchases", Written: 1, Rows: 80, Failed: []export.Failure{}}}}
		refused := export.AccountResult{Account: "east", Status: export.Failed, Requests: 1,
			Error: &export.Failure{Kind: export.CredentialRefused, Error: "the API key was refused"}}
		status := export.Failed
		if hour == 1 { // as the newest but one
			done.Status = export.Failed
			done.Datasets[0].Failed = []export.Failure{{Day: date("2026-11-14"), Part: "purchases", Kind: export.Incomplete, Error: "90 rows of 91 came"},
				{Day: date("2026-11-23"), Part: "purchases", Kind: export.Unavailable, Error: "503"}} // and was read since
		}
		b.ran("scrapright", noon().Add(-65*time.Minute-time.Duration(hour-1)*time.Hour), status, done, refused)
	}
	b.ran("scrunch", noon().Add(-35*time.Minute), export.Complete, export.AccountResult{Account: "main", Requests: 9})
	b.export(purchasesOf("main", "2026-11-23"), noon().Add(-5*time.Minute), func(e *snapshot.Entry) { e.Rows, e.Settled = 12, false })
	return b, []about.Wanted{brands, main, yard("east", "2026-11-20")}
}

func TestStatusOfGapsFailuresAndEmptyDaysIsGolden(t *testing.T) {
	b, wanted := world()
	got, err := json.MarshalIndent(gather(t, b, wanted...), "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	golden.Compare(t, "testdata/status.json", string(got)+"\n")
}

func TestWhatWasGatheredCanBeDrawn(t *testing.T) {
	b, wanted := world()
	b.lay(layout.Ledger("scrunch", "brand_daily", "main", "2026-11"), []byte("{"))
	if page, err := about.Page(gather(t, b, wanted...)); err != nil || len(page) == 0 {
		t.Errorf("a page of %d bytes: %v", len(page), err)
	}
}

func TestTroublesNameWhatIsStaleOrFailedAndNothingElse(t *testing.T) {
	b, wanted := world()
	want := []string{"scrapright/main purchases: 1 day failed", "scrapright/main: stale: customers", "scrapright/east: its API key was refused",
		"scrapright/east: stale"}
	if diff := cmp.Diff(want, gather(t, b, wanted...).Troubles()); diff != "" {
		t.Errorf("- expected, + got:\n%s", diff)
	}
	if got := gather(t, b, wanted[0]).Troubles(); len(got) > 0 { // a day of a brand is missing, and will be read
		t.Errorf("troubles %q, expected none", got)
	}
}

func TestABrokenObjectIsNamedAndTheRestIsTold(t *testing.T) {
	b, wanted := world()
	broken := layout.Ledger("scrapright", "purchases", "main", "2026-11")
	for text, why := range map[string]string{"{": "expected a ledger in JSON", `{"version":2}`: "a newer yardstick wrote it", `{"version":1}`: "is another's"} {
		b.lay(broken, []byte(text))
		s := gather(t, b, wanted...)
		if len(s.Faults) != 1 || !strings.Contains(s.Faults[0], broken) || !strings.Contains(s.Faults[0], why) {
			t.Fatalf("%s: faults %q, expected one that names %s and says %q", text, s.Faults, broken, why)
		}
		main := s.Sources[0].Accounts[0]
		if got, want := letters(t, main.Datasets[0], "2026-11"), strings.Repeat("f", 23)+"-------"; got != want {
			t.Errorf("the month of the ledger is %s, expected %s", got, want)
		}
		if got, want := letters(t, main.Datasets[0], "2026-10"), strings.Repeat("-", 28)+"eee"; got != want {
			t.Errorf("the month before is %s, expected %s", got, want)
		}
		if main.Datasets[1].ReadAt == nil || s.Sources[1].Accounts[0].Stale {
			t.Errorf("other datasets are not told: %+v", s.Sources)
		}
	}
}

func TestABrokenResultIsNamedAndTheOthersAreTold(t *testing.T) {
	b, wanted := world()
	bad := layout.RunsOf(date("2026-11-23")) + "20261123T235900Z-0000.json"
	for _, text := range []string{"", "oops", "[]", `{"version":1`, `{"version":1,"run":7}`, `{"version":2,"run":"x","source":"scrunch","time":"2026-11-23T00:00:00Z"}`, `{"version":1,"run":"x"}`} {
		b.lay(bad, []byte(text))
		s := gather(t, b, wanted...)
		if len(s.Faults) != 1 || !strings.Contains(s.Faults[0], bad) || len(s.Sources[0].Runs) != 10 || len(s.Sources[1].Runs) != 1 {
			t.Errorf("%q: faults %q and %d runs, expected one fault that names it and 10 runs", text, s.Faults, len(s.Sources[0].Runs))
		}
	}
}

func TestABucketThatCannotBeReadIsAnError(t *testing.T) {
	for _, key := range []string{layout.Runs(), layout.SourceLedgers("scrunch"), layout.Partitions("scrapright", "purchases", "main"),
		layout.Ledger("scrapright", "purchases", "main", "2026-11"), layout.Run(date("2026-11-23"), "20261123T120000Z-scra")} {
		b, wanted := world()
		b.faults[key] = snapshot.ErrDenied
		if _, err := about.Gather(t.Context(), b, layout, wanted, noon()); !errors.Is(err, snapshot.ErrDenied) || !strings.Contains(err.Error(), key) {
			t.Errorf("%s: %v, expected that access is denied", key, err)
		}
	}
}

func TestWhatIsRemovedMeanwhileIsNoFault(t *testing.T) {
	b, wanted := world()
	b.faults[layout.Ledger("scrapright", "purchases", "main", "2026-11")] = snapshot.ErrNotFound
	b.faults[layout.Run(date("2026-11-23"), "20261123T120000Z-scra")] = snapshot.ErrNotFound
	if s := gather(t, b, wanted...); len(s.Faults) > 0 || len(s.Sources[0].Runs) != 10 {
		t.Errorf("faults %q and %d runs, expected none and 10", s.Faults, len(s.Sources[0].Runs))
	}
}

func TestOnlyResultsThatAreToldAreRead(t *testing.T) {
	b := newBucket()
	for hour := range 24 * 40 {
		b.ran("scrapright", noon().Add(-time.Duration(hour)*time.Hour), export.Complete)
	}
	if s := gather(t, b, yard("main", "2026-11-20")); len(s.Sources[0].Runs) != 10 || len(b.gets) > 16 {
		t.Errorf("%d runs with %d requests, expected 10 with 16 at most", len(s.Sources[0].Runs), len(b.gets))
	}
	b.gets = nil
	brands := about.Wanted{Source: "scrunch", Account: "main", Zone: time.UTC}
	if s := gather(t, b, yard("main", "2026-11-20"), brands); len(s.Sources[1].Runs) != 0 || len(b.gets) > 500 {
		t.Errorf("%d runs of a source without any with %d requests, expected none with 500 at most", len(s.Sources[1].Runs), len(b.gets))
	}
}

func TestPublishingReplacesADamagedTableOfNoChanges(t *testing.T) {
	b, wanted := world()
	key := layout.Changes("scrapright", "main", "2026-11")
	b.lay(key, []byte("garbage"))
	if err := about.Publish(t.Context(), b, layout, gather(t, b, wanted...)); err != nil {
		t.Fatal(err)
	}
	if text := unpacked(t, b.Text(key)); text != "" {
		t.Errorf("%q", text)
	}
}
