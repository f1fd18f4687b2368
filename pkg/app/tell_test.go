package app_test

import (
	"compress/gzip"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"yardstick/pkg/about"
	"yardstick/pkg/app"
	"yardstick/pkg/export"
	"yardstick/pkg/faultproxy"
	"yardstick/pkg/simulator"
	"yardstick/pkg/snapshot"
)

// page is about/status.json.
func (w *world) page() (s about.Status) {
	w.Helper()
	if err := json.Unmarshal([]byte(w.bytes("about/status.json")), &s); err != nil {
		w.Fatal(err)
	}
	return s
}

// toldCalls are the calls about about/ since one.
func (w *world) toldCalls(since int) (calls []string) {
	for _, c := range w.aws.Calls()[since:] {
		if strings.HasPrefix(c.Key, "about/") {
			calls = append(calls, c.Operation+" "+c.Key)
		}
	}
	return calls
}

// plain is what is told without what only `status` knows, and without the times of reading of months that the run did not
// look at: other runs, which changed nothing, may have read in them since they were told.
func plain(s about.Status, looked map[string]bool) about.Status {
	s.Time, s.Coverage, s.Changes, s.Untold = time.Time{}, nil, nil, nil
	for i := range s.Sources {
		for j := range s.Sources[i].Runs {
			s.Sources[i].Runs[j].Warnings = nil
		}
		for j := range s.Sources[i].Accounts {
			a := &s.Sources[i].Accounts[j]
			a.Notes, a.Backlog = nil, about.Backlog{}
			for k, d := range a.Datasets {
				month := a.Today.Month()
				if !looked[d.Dataset+month] {
					a.FreshAt, a.Stale, a.Datasets[k].ReadAt, a.Datasets[k].FreshAt, a.Datasets[k].Stale = nil, false, nil, nil, false
				}
				for m := range d.Months {
					for p := range d.Months[m].Parts {
						if !looked[d.Dataset+d.Months[m].Month] {
							d.Months[m].Parts[p].Read = nil
						}
					}
				}
			}
		}
	}
	return s
}

// tells holds what is told against what is gathered from ledgers, objects and results.
func (w *world) tells(what string, r app.Result) {
	w.Helper()
	gathered, err := w.open().Status(w.Context())
	if err != nil {
		w.Fatal(err)
	}
	looked := map[string]bool{}
	for _, d := range r.Accounts[0].Trace.Datasets {
		for _, l := range d.Ledgers {
			looked[d.Dataset+l.Month] = true
		}
	}
	if diff := cmp.Diff(coverage(gathered.Coverage, looked), coverage(w.coverage(), looked)); diff != "" {
		w.Errorf("%s: coverage (-gathered +told)\n%s", what, diff)
	}
	if diff := cmp.Diff(plain(gathered, looked), plain(w.page(), looked)); diff != "" {
		w.Errorf("%s: (-gathered +told)\n%s", what, diff)
	}
}

// coverage are rows without the times of reading of months that were not looked at.
func coverage(rows []about.Covered, looked map[string]bool) []about.Covered {
	for i, row := range rows {
		if rows[i].FetchedAt = row.FetchedAt.UTC(); !looked[row.Dataset+row.Day.Month()] {
			rows[i].FetchedAt = time.Time{}
		}
	}
	return rows
}

// coverage are the rows of the table that runs wrote.
func (w *world) coverage() (rows []about.Covered) {
	w.Helper()
	lines := json.NewDecoder(strings.NewReader(unzipped(w, "about/coverage/account=main/"+w.source+".json.gz")))
	for lines.More() {
		var row about.Covered
		if err := lines.Decode(&row); err != nil {
			w.Fatal(err)
		}
		rows = append(rows, row)
	}
	return rows
}

func unzipped(w *world, key string) string {
	w.Helper()
	plain, err := gzip.NewReader(strings.NewReader(w.bytes(key)))
	if err != nil {
		w.Fatal(key, err)
	}
	text, err := io.ReadAll(plain)
	if err != nil {
		w.Fatal(err)
	}
	return string(text)
}

func TestWhatRunsTellIsWhatTheBucketHas(t *testing.T) {
	for seed := range uint64(6) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			inWorld(t, simulator.YardConfig{TicketsPerDay: 2}, "start: 2026-09-25\nrefresh: 20h\nverify_after: 240h", func(w *world) {
				w.liveThrough(rand.New(rand.NewPCG(seed, 7)), 14)
			})
		})
	}
}

// liveThrough runs after hours in which all kinds of things happened.
func (w *world) liveThrough(dice *rand.Rand, hours int) {
	w.Helper()
	for step := range hours {
		day := snapshot.DayOf(time.Now()) - snapshot.Day(dice.IntN(70))
		what := fmt.Sprintf("run %d, %s", step, day)
		broken := ""
		switch dice.IntN(6) {
		case 0:
			w.yard.SetRecords(simulator.Purchases, day.String(), versioned(step, dice.IntN(9)))
			what += " has other records"
		case 1:
			day = snapshot.DayOf(time.Now()) - snapshot.Day(dice.IntN(40)) // of a month that every run looks at
			if key := purchases(day.String()); w.bytes(key) != "" {
				w.remove(key)
				what += " is gone"
			}
		case 2:
			broken = day.String()
			what += " is refused"
		}
		w.yard.Fault(func(r simulator.Request) *simulator.Answer {
			if r.Endpoint == simulator.Purchases && r.From == broken {
				return answer(http.StatusBadRequest, "application/json", `{"Status":"Error","Message":"no"}`)
			}
			return nil
		})
		event := app.Event{}
		if step > 0 && dice.IntN(3) == 0 {
			event = app.Event{From: day - 2, To: day, Force: true, Datasets: []string{"purchases"}}
		}
		result, _ := w.open().Export(w.Context(), w.source, event) // its status tells the same
		if result.Accounts[0].Trace.Changed {
			w.tells(what, result)
		}
		if w.Failed() {
			return
		}
		w.pass(time.Duration(1+dice.IntN(15)) * time.Hour)
	}
}

func TestARunThatChangedSomethingTellsInFourRequestsAndAnotherInNone(t *testing.T) {
	inWorld(t, simulator.YardConfig{}, "start: 2026-11-18", func(w *world) {
		w.yard.SetRecords(simulator.Purchases, "2026-11-18", versioned(0, 3)) // their members stay what they are
		w.run(app.Event{}, export.Complete)
		for _, step := range []struct {
			what string
			set  []string
			want []string
		}{
			{"nothing changed", nil, nil},
			{"a purchase came", versioned(1, 3), []string{"GetObject about/status.json", "PutObject about/coverage/account=main/scrapright.json.gz",
				"PutObject about/index.html", "PutObject about/status.json"}},
			{"nothing changed again", nil, nil},
		} {
			w.pass(10 * time.Minute)
			if step.set != nil {
				w.yard.SetRecords(simulator.Purchases, "2026-11-18", step.set)
			}
			since := len(w.aws.Calls())
			r := w.run(app.Event{}, export.Complete)
			if got := slices.Sorted(slices.Values(w.toldCalls(since))); !slices.Equal(got, step.want) {
				w.Errorf("%s: %q, expected %q; drift %s", step.what, got, step.want, show(w.dataset(r, "purchases").Drift))
			}
		}
	})
}

func TestTellingNeverFailsARunAndIsMadeGood(t *testing.T) {
	inWorld(t, simulator.YardConfig{}, "start: 2026-11-09", func(w *world) {
		w.run(app.Event{}, export.Complete)
		before := w.bytes("about/status.json")
		w.aws.Fault(func(c faultproxy.Call) *faultproxy.Answer {
			if strings.HasPrefix(c.Key, "about/") && c.Operation == "PutObject" {
				return &faultproxy.Answer{Status: http.StatusForbidden, Code: "AccessDenied"}
			}
			return nil
		})
		w.pass(24 * time.Hour)
		w.run(app.Event{}, export.Complete)
		if w.bytes("about/status.json") != before || !strings.Contains(w.logged.String(), "the status page is behind") {
			w.Errorf("the log does not say that the page is behind:\n%s", w.logged.String())
		}
		w.aws.Fault(nil)
		w.pass(24 * time.Hour)
		w.run(app.Event{}, export.Complete)
		gathered, _ := w.status()
		if diff := cmp.Diff(gathered.Sources[0].Accounts[0].Datasets, w.page().Sources[0].Accounts[0].Datasets); diff != "" {
			w.Errorf("a day later (-gathered +told)\n%s", diff)
		}
	})
}

func TestWhatAKilledRunDidIsToldByTheNextOne(t *testing.T) {
	inWorld(t, simulator.YardConfig{}, "start: 2026-11-09", func(w *world) {
		w.run(app.Event{}, export.Complete)
		w.pass(time.Hour)
		w.yard.SetRecords(simulator.Purchases, "2026-11-18", versioned(1, 3))
		ctx, kill := context.WithCancel(w.Context())
		hold := faultproxy.NewHold()
		w.aws.Fault(func(c faultproxy.Call) *faultproxy.Answer {
			if c.Operation == "PutObject" && strings.HasPrefix(c.Key, "_yardstick/ledger/scrapright/purchases/") {
				return &faultproxy.Answer{After: hold}
			}
			return nil
		})
		go func() {
			<-hold.Held()
			kill()
		}()
		_, _ = w.open().Export(ctx, w.source, app.Event{}) // it was killed
		hold.Release()
		w.aws.Fault(nil)
		w.pass(5 * time.Minute) // until its lease is over
		r := w.run(app.Event{}, export.Complete)
		gathered, _ := w.status()
		if diff := cmp.Diff(gathered.Sources[0].Accounts[0].Datasets, w.page().Sources[0].Accounts[0].Datasets); diff != "" {
			w.Errorf("after %s (-gathered +told)\n%s", show(r), diff)
		}
	})
}

func TestTellingLeavesTimeForTheAnswer(t *testing.T) {
	inWorld(t, simulator.YardConfig{}, "start: 2026-11-17", func(w *world) {
		w.aws.Fault(func(c faultproxy.Call) *faultproxy.Answer {
			if strings.HasPrefix(c.Key, "about/") {
				return &faultproxy.Answer{Delay: time.Hour}
			}
			return nil
		})
		ctx, cancel := context.WithTimeout(w.Context(), 10*time.Second)
		defer cancel()
		began := time.Now()
		if r, err := w.open().Export(ctx, w.source, app.Event{}); err != nil || r.Status != export.Complete || time.Since(began) > 6*time.Second {
			t.Errorf("%v after %v: %s", err, time.Since(began), show(r))
		}
	})
}

func TestWhatIsToldIsGatheredWhereItIsGoneOrBroken(t *testing.T) {
	inWorld(t, simulator.YardConfig{TicketsPerDay: 2}, "start: 2026-08-01", func(w *world) {
		w.run(app.Event{}, export.Complete)
		for name, spoil := range map[string]func(){
			"gone":   func() { w.remove("about/status.json") },
			"broken": func() { w.put("about/status.json", []byte(`{"version":1,"sources":`), nil) },
			"older":  func() { w.put("about/status.json", []byte(`{"version":0}`), nil) },
		} {
			spoil()
			w.pass(25 * time.Hour)
			w.tells(name, w.run(app.Event{}, export.Complete))
		}
	})
}

func TestTwoSourcesAreToldBesideEachOther(t *testing.T) {
	inWorld(t, simulator.YardConfig{TicketsPerDay: 2}, "start: 2026-11-16", func(w *world) {
		w.run(app.Event{}, export.Complete)
		scrunch := simulator.NewScrunch(simulator.ScrunchConfig{Prompts: 2, Brands: 1, Now: time.Now, Keys: []simulator.ScrunchKey{{Key: scrunchKey}}})
		w.network.Serve(w, scrunchAddress, scrunch)
		w.more = fmt.Sprintf("scrunch: [{account: north, url: 'http://%s/v1', api_key_secret: %s, start: 2026-11-17}]", scrunchAddress, scrunchSecret)
		if err := w.open().CreateSecret(w.Context(), scrunchSecret, scrunchKey); err != nil {
			t.Fatal(err)
		}
		w.pass(24 * time.Hour)
		var group sync.WaitGroup
		for _, source := range []string{app.ScrapRight, app.Scrunch} {
			group.Go(func() {
				if _, err := w.open().Export(w.Context(), source, app.Event{}); err != nil {
					t.Error(err)
				}
			})
		}
		group.Wait()
		s := w.page()
		if len(s.Sources) != 2 || s.Sources[0].Runs[0].Time != s.Sources[1].Runs[0].Time || len(s.Sources[1].Accounts[0].Datasets) == 0 {
			t.Errorf("%s", show(s.Sources))
		}
		page := w.bytes("about/index.html")
		for _, name := range []string{"scrapright/main", "scrunch/north"} {
			if !strings.Contains(page, name) {
				t.Errorf("the page does not have %s", name)
			}
		}
		w.more = "" // scrunch is not configured any more
		w.pass(24 * time.Hour)
		w.run(app.Event{}, export.Complete)
		if s := w.page(); len(s.Sources) != 1 {
			t.Errorf("%d sources are told; one is configured", len(s.Sources))
		}
	})
}

// What runs told of the lines may be lost, damaged, or never have come into the bucket: the next run that tells of them has it all.
func TestTablesHaveTheMembersOfEarlierLinesThoughWhatWasToldIsGone(t *testing.T) {
	const table, known = "about/tables/athena/scrapright_purchases.sql", "about/schema/scrapright/purchases.json"
	for name, spoil := range map[string]func(w *world){
		"gone":    func(w *world) { w.remove(known) },
		"damaged": func(w *world) { w.put(known, []byte("garbage{"), nil) },
		"behind": func(w *world) {
			w.put(known, []byte(`{"version":1,"records":1,"kinds":{"object":1},"members":[{"name":"id","records":1,"kinds":{"integer":1}}]}`), nil)
		},
	} {
		t.Run(name, func(t *testing.T) {
			inWorld(t, simulator.YardConfig{}, "start: 2026-11-17", func(w *world) {
				w.yard.SetRecords(simulator.Purchases, "2026-11-17", recordOf(1, `,"old":"text","net":1.5`))
				w.run(app.Event{}, export.Complete)
				spoil(w)
				w.yard.SetRecords(simulator.Purchases, "2026-11-18", recordOf(2, `,"net":7,"new":true`))
				w.pass(time.Minute)
				w.run(app.Event{}, export.Complete)
				text := w.bytes(table)
				for _, column := range []string{"`id` bigint", "`old` string", "`net` double", "`new` boolean"} {
					if !strings.Contains(text, column) {
						t.Errorf("%s is not in\n%s", column, text)
					}
				}
			})
		})
	}
}

func TestUnreadableRecordsAreCountedByDay(t *testing.T) {
	inWorld(t, simulator.YardConfig{}, "start: 2026-11-17", func(w *world) {
		w.yard.SetRecords(simulator.Purchases, "2026-11-17", []string{`{"id":1,"id":1}`, `{"id":2,"a":"\ud800","A":1}`, `{"id":3}`})
		w.run(app.Event{}, export.Complete)
		entry, _ := w.entry("purchases", "2026-11-17")
		want := map[string]int64{"records": 2, "repeated_names": 1, "names_by_case": 1, "lone_surrogates": 1}
		if diff := cmp.Diff(want, entry.Unreadable); diff != "" {
			t.Errorf("the ledger's entry (-want +got)\n%s", diff)
		}
		for _, row := range w.coverage() {
			if want := map[bool]int64{true: 2}[row.Dataset == "purchases" && row.Day.String() == "2026-11-17"]; row.Unreadable != want {
				t.Errorf("%s, expected %d", show(row), want)
			}
		}
		w.pass(48 * time.Hour) // the day is read again, and is the same
		w.run(app.Event{}, export.Complete)
		if again, _ := w.entry("purchases", "2026-11-17"); !again.FetchedAt.After(entry.FetchedAt) || !cmp.Equal(again.Unreadable, entry.Unreadable) {
			t.Errorf("%s after it was read again", show(again))
		}
	})
}

func TestASettledDayThatChangesIsInTheTableOfItsMonth(t *testing.T) {
	inWorld(t, simulator.YardConfig{TicketsPerDay: 2}, "start: 2026-10-30", func(w *world) {
		const settled, key = "2026-10-31", "about/changes/account=main/month=2026-10/scrapright.json.gz"
		w.yard.SetRecords(simulator.Purchases, settled, versioned(0, 3))
		w.run(app.Event{}, export.Complete)
		if empty := "about/changes/account=main/month=2026-11/scrapright.json.gz"; unzipped(w, empty) != "" || len(w.keys("about/changes/")) != 1 {
			t.Errorf("changes of a first export: %q, expected one table without a row", w.keys("about/changes/"))
		}
		first, _ := w.entry("purchases", settled)
		var runs []string
		for version := 1; version <= 2; version++ {
			w.yard.SetRecords(simulator.Purchases, settled, versioned(version, 3+version))
			w.pass(time.Hour)
			since := len(w.aws.Calls())
			runs = append(runs, w.run(app.Event{From: day(settled), To: day(settled), Force: true, Datasets: []string{"purchases"}}, export.Complete).Run)
			calls := w.toldCalls(since)
			if version > 1 && len(calls) != 4+2 || !slices.Contains(calls, "GetObject "+key) || !slices.Contains(calls, "PutObject "+key) {
				t.Errorf("%q, expected the page's four calls and two for the month's table", calls) // and at first the schema's
			}
		}
		var rows []about.Revised
		lines := json.NewDecoder(strings.NewReader(unzipped(w, key)))
		for lines.More() {
			var row about.Revised
			if err := lines.Decode(&row); err != nil {
				t.Fatal(err)
			}
			rows = append(rows, row)
		}
		last, _ := w.entry("purchases", settled)
		if len(rows) != 2 || rows[0].RowsBefore != 3 || rows[0].RowsAfter != 4 || rows[1].RowsBefore != 4 || rows[1].RowsAfter != 5 ||
			rows[0].SHA256Before != first.SHA256 || rows[0].SHA256After != rows[1].SHA256Before || rows[1].SHA256After != last.SHA256 ||
			rows[0].Run != runs[0] || rows[1].Run != runs[1] {
			t.Errorf("%s", show(rows))
		}
	})
}
