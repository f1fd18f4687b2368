package about_test

import (
	"slices"
	"testing"
	"time"

	"yardstick/pkg/about"
	"yardstick/pkg/export"
	"yardstick/pkg/snapshot"
)

func TestADatasetIsStaleWhenScheduleAndSettingsDoNotExplainItsAge(t *testing.T) {
	for _, test := range []struct {
		name    string
		every   time.Duration // between runs
		runs    int
		age     time.Duration
		listing bool
		stale   bool
	}{
		{"just read, no run known", 0, 0, time.Minute, false, false},
		{"a day old, no run known", 0, 0, 26 * time.Hour, false, false},
		{"older, one run known", 0, 1, 26*time.Hour + time.Minute, false, true},
		{"half a day old, hourly", time.Hour, 10, 12 * time.Hour, false, false},
		{"older, hourly", time.Hour, 10, 12*time.Hour + time.Minute, false, true},
		{"a listing as old, hourly", time.Hour, 10, 12*time.Hour + time.Minute, true, false},
		{"a listing older than its refresh, hourly", time.Hour, 10, 18*time.Hour + time.Minute, true, true},
		{"a day old, daily", 24 * time.Hour, 10, 25 * time.Hour, false, false},
		{"two days old, daily", 24 * time.Hour, 10, 49 * time.Hour, false, true},
		{"two days old, weekly", 7 * 24 * time.Hour, 4, 49 * time.Hour, false, false},
	} {
		b, w := newBucket(), yard("main", "2026-11-01")
		w.Datasets[0].Listing = test.listing
		b.export(purchasesOf("main", "2026-11-21"), noon().Add(-test.age), nil)
		b.export(purchasesOf("main", "2026-11-20"), noon(), nil) // what counts is the newest day
		for i := range test.runs {
			b.ran("scrapright", noon().Add(-time.Duration(i)*test.every), export.Complete)
		}
		a := gather(t, b, w).Sources[0].Accounts[0]
		if a.Stale != test.stale || a.Datasets[0].Stale != test.stale || !a.FreshAt.Equal(noon().Add(-test.age)) {
			t.Errorf("%s: stale %v, fresh at %s; expected %v", test.name, a.Stale, a.FreshAt, test.stale)
		}
	}
}

func TestFreshnessIsThatOfTheStalestPart(t *testing.T) {
	b := newBucket()
	w := about.Wanted{Source: "scrunch", Account: "main", Zone: time.UTC, Datasets: []about.WantedDataset{
		{Dataset: "brand_daily", Parts: []string{"brand-1", "brand-2"}}, {Dataset: "prompts", Listing: true, Parts: []string{}}}}
	for part, age := range map[string]time.Duration{"brand-1": time.Hour, "brand-2": 3 * time.Hour, "brand-3": 400 * time.Hour} {
		b.export(snapshot.Name{Source: "scrunch", Dataset: "brand_daily", Account: "main", Day: date("2026-11-23"), Part: part}, noon().Add(-age), nil)
	}
	a := gather(t, b, w).Sources[0].Accounts[0]
	if a.FreshAt == nil || !a.FreshAt.Equal(noon().Add(-3*time.Hour)) || !a.Datasets[0].ReadAt.Equal(noon().Add(-time.Hour)) || a.Stale {
		t.Errorf("%+v, expected that the second brand's reading counts, and that a dataset of which nothing is wanted does not", a)
	}
	w.Datasets[0].Parts = []string{"brand-9"}
	if a := gather(t, b, w).Sources[0].Accounts[0]; a.FreshAt != nil || !a.Stale {
		t.Errorf("%+v, expected that a dataset of which nothing wanted was ever read is stale", a)
	}
}

func TestPartsThatAreNotKnownAreThoseReadOrFailedLately(t *testing.T) {
	b := newBucket()
	w := about.Wanted{Source: "scrunch", Account: "main", Zone: time.UTC, Start: date("2026-11-20"),
		Datasets: []about.WantedDataset{{Dataset: "brand_daily"}}}
	if d := gather(t, b, w).Sources[0].Accounts[0].Datasets[0]; len(d.Parts) > 0 || !d.Stale || d.Count(about.Missing) != 4 {
		t.Errorf("nothing is there: %+v, expected no parts and four missing days", d)
	}
	name := snapshot.Name{Source: "scrunch", Dataset: "brand_daily", Account: "main", Day: date("2026-11-22")}
	for part, age := range map[string]int{"brand-10": 0, "brand-9": 7, "brand-8": 8} {
		name.Part = part
		b.export(name, noon().AddDate(0, 0, -age), nil)
	}
	b.ran("scrunch", noon(), export.Failed, export.AccountResult{Account: "main", Datasets: []export.DatasetResult{{Dataset: "brand_daily",
		Failed: []export.Failure{{Day: date("2026-11-22"), Part: "brand-7", Kind: export.NotInPlan, Error: "402"}}}}})
	d := gather(t, b, w).Sources[0].Accounts[0].Datasets[0]
	if want := []string{"brand-7", "brand-9", "brand-10"}; !slices.Equal(d.Parts, want) {
		t.Errorf("parts %q, expected %q", d.Parts, want)
	}
}

func TestACredentialIsWhatTheNewestRunThatAskedSaysOfIt(t *testing.T) {
	asked := export.AccountResult{Account: "main", Requests: 3}
	idle := export.AccountResult{Account: "main"}
	held := export.AccountResult{Account: "main", Status: export.Held}
	waited := export.AccountResult{Account: "main", Status: export.Failed, Error: &export.Failure{Kind: export.Busy}}
	refused := export.AccountResult{Account: "main", Requests: 1, Error: &export.Failure{Kind: export.CredentialRefused}}
	storage := export.AccountResult{Account: "main", Requests: 1, Error: &export.Failure{Kind: export.SecretFault}}
	other := export.AccountResult{Account: "other", Requests: 1}
	for _, test := range []struct {
		runs   []export.AccountResult // newest first
		want   string
		failed export.Kind // of the whole account
	}{
		{nil, about.Unknown, ""},
		{[]export.AccountResult{other, idle}, about.Unknown, ""},
		{[]export.AccountResult{asked, refused}, about.Good, ""},
		{[]export.AccountResult{idle, held, waited, refused, asked}, about.Refused, ""},
		{[]export.AccountResult{held, waited, other, refused, asked}, about.Refused, export.CredentialRefused},
		{[]export.AccountResult{storage, asked}, about.Unknown, export.SecretFault},
	} {
		b := newBucket()
		for i, r := range test.runs {
			b.ran("scrapright", noon().Add(-time.Duration(i)*time.Hour), export.Failed, r)
		}
		a := gather(t, b, yard("main", "2026-11-20")).Sources[0].Accounts[0]
		failed := export.Kind("")
		if a.Error != nil {
			failed = a.Error.Kind
		}
		if a.Credential.State != test.want || failed != test.failed {
			t.Errorf("%+v: %s and %q, expected %s and %q", test.runs, a.Credential.State, failed, test.want, test.failed)
		}
	}
}

func TestTheBacklogIsWhatIsDueNow(t *testing.T) {
	b, w := newBucket(), yard("main", "2026-11-18")
	w.Datasets = append(w.Datasets, about.WantedDataset{Dataset: "customers", Listing: true, Parts: []string{"customers"}})
	b.export(purchasesOf("main", "2026-11-19"), noon(), nil)
	for day, age := range map[string]time.Duration{"2026-11-21": 7 * time.Hour, "2026-11-22": 5 * time.Hour, "2026-11-23": 0} {
		b.export(purchasesOf("main", day), noon().Add(-age), func(e *snapshot.Entry) { e.Settled = false })
	}
	customers := snapshot.Name{Source: "scrapright", Dataset: "customers", Account: "main", Day: date("2026-11-23"), Part: "customers"}
	b.export(customers, noon().Add(-7*time.Hour), func(e *snapshot.Entry) { e.Settled = false })
	got := gather(t, b, w).Sources[0].Accounts[0].Backlog
	if want := (about.Backlog{Parts: 5, Open: 1, Missing: 2, Requests: 5, AtLeast: true}); got != want { // two are to be read again
		t.Errorf("%+v, expected %+v", got, want)
	}
}

func TestNothingIsStaleBeforeItsFirstDay(t *testing.T) {
	b := newBucket()
	for start, stale := range map[string]bool{"2026-11-23": true, "2026-11-24": false, "2027-01-01": false} {
		a := gather(t, b, yard("main", start)).Sources[0].Accounts[0]
		if a.Stale != stale || a.Datasets[0].Stale != stale {
			t.Errorf("from %s on: stale %v, expected %v", start, a.Stale, stale)
		}
	}
	b.export(purchasesOf("main", "2026-11-01"), noon().Add(-22*24*time.Hour), nil) // wanted once
	if a := gather(t, b, yard("main", "2026-12-01")).Sources[0].Accounts[0]; a.Stale {
		t.Error("stale although its first day was moved into the future")
	}
}
