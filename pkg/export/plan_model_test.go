package export

import (
	"encoding/json"
	"fmt"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"yardstick/pkg/snapshot"
	"yardstick/pkg/snapshot/snapshottest"
)

// record is what is known of one day before a run, as the model sees it.
type record struct {
	object   bool   // it lies in the bucket
	listed   bool   // the ledger has an entry
	same     bool   // the object is the one that the entry means, by ETag or by its metadata
	restored bool   // by its metadata only
	spec     string // asked for when it was read
	settled  bool
	fetched  time.Time
}

// situation is a bucket, a configuration and an event, drawn at random.
type situation struct {
	account Account
	event   Event
	clock   time.Time
	days    map[string]map[snapshot.Day]record // by dataset
}

func drawSituation(t *rapid.T) situation {
	pick := func(name string, from ...time.Duration) time.Duration { return rapid.SampledFrom(from).Draw(t, name) }
	s := situation{clock: noon.Add(time.Duration(rapid.IntRange(-24, 24).Draw(t, "clock, hours")) * time.Hour), days: map[string]map[snapshot.Day]record{}}
	zone := time.FixedZone("", 3600*rapid.IntRange(-12, 14).Draw(t, "zone"))
	now := snapshot.DayOf(s.clock.In(zone))
	s.account = Account{Name: "main", Zone: zone, RestateEvery: pick("restate every", 0, time.Hour, 24*time.Hour),
		Refresh: pick("refresh", 0, 6*time.Hour), VerifyAfter: pick("verify after", 0, 48*time.Hour),
		Datasets: []Dataset{{Name: "purchases", Spec: "s"}, {Name: "customers", Listing: true, Spec: "s"}}}
	if rapid.Bool().Draw(t, "start") {
		s.account.Start = now - snapshot.Day(rapid.IntRange(-1, 40).Draw(t, "days before"))
	}
	if rapid.IntRange(0, 2).Draw(t, "ranged") == 0 {
		s.event = Event{Force: rapid.Bool().Draw(t, "force")}
		if rapid.Bool().Draw(t, "from") {
			s.event.From = now - snapshot.Day(rapid.IntRange(-1, 45).Draw(t, "from, days before"))
		}
		if rapid.Bool().Draw(t, "to") {
			s.event.To = max(s.event.From, now-snapshot.Day(rapid.IntRange(-1, 45).Draw(t, "to, days before")))
		}
		if rapid.Bool().Draw(t, "again") {
			s.event.ScheduledTime, s.event.Attempt = s.clock, "2"
		}
	}
	for _, d := range s.account.Datasets {
		s.days[d.Name] = map[snapshot.Day]record{}
		for range rapid.IntRange(0, 12).Draw(t, "days known") {
			day := now - snapshot.Day(rapid.IntRange(0, 44).Draw(t, "day, days before"))
			r := record{object: rapid.IntRange(0, 5).Draw(t, "object") > 0, listed: rapid.IntRange(0, 5).Draw(t, "listed") > 0,
				same: rapid.IntRange(0, 5).Draw(t, "same") > 0, restored: rapid.IntRange(0, 5).Draw(t, "restored") == 0,
				spec: rapid.SampledFrom([]string{"s", "s", "s", "another"}).Draw(t, "spec"), settled: rapid.Bool().Draw(t, "settled"),
				fetched: s.clock.Add(time.Duration(rapid.SampledFrom([]int{1, 0, -1, -60, -61, -360, -361, -1440, -1441, -2880, -2881}).Draw(t, "fetched")) * time.Minute)}
			s.days[d.Name][day] = r
		}
	}
	return s
}

// lay puts the situation into a bucket.
func (s situation) lay(t *rapid.T) *snapshottest.Bucket {
	store, layout := &snapshottest.Bucket{}, snapshot.Layout{}
	for dataset, days := range s.days {
		ledgers := map[string]*snapshot.Ledger{}
		for day, r := range days {
			key := layout.Data(snapshot.Name{Source: "scrapright", Dataset: dataset, Account: "main", Day: day, Part: dataset})
			if r.object {
				metadata, etag := map[string]string{"rows": "1", "sha256": "x"}, "e"
				if r.restored || !r.same {
					etag = "other"
				}
				if !r.same {
					metadata["sha256"] = "y"
				}
				store.Lay(snapshot.Info{Key: key, ETag: etag, Metadata: metadata}, nil)
			}
			if r.listed {
				month := day.Month()
				if ledgers[month] == nil {
					ledgers[month] = &snapshot.Ledger{Version: 1, Source: "scrapright", Dataset: dataset, Account: "main", Month: month,
						Days: map[snapshot.Day]map[string]snapshot.Entry{}}
				}
				ledgers[month].Days[day] = map[string]snapshot.Entry{dataset: {Key: key, Rows: 1, Pages: 1, SHA256: "x", ETag: "e", Spec: r.spec,
					FetchedAt: r.fetched, Settled: r.settled}}
			}
		}
		for month, l := range ledgers {
			text, err := json.Marshal(l)
			if err != nil {
				t.Fatal(err)
			}
			store.Lay(snapshot.Info{Key: layout.Ledger("scrapright", dataset, "main", month)}, text)
		}
	}
	return store
}

// wanted are the days that the run is about.
func (s situation) wanted(d Dataset) (days []snapshot.Day) {
	today := snapshot.DayOf(s.clock.In(s.account.Zone))
	first, last := s.account.Start, today
	if d.Listing {
		first = today
	} else if first == 0 {
		first = today - 30
		for day, r := range s.days[d.Name] {
			if r.listed {
				first = min(first, day)
			}
		}
	}
	if s.event.From != 0 && !d.Listing {
		first = s.event.From
	}
	if s.event.To != 0 {
		last = min(last, s.event.To)
	}
	for day := max(first, s.event.From); day <= last; day++ {
		days = append(days, day)
	}
	return days
}

// expected says in plain words whether a day is due, and as what.
func (s situation) expected(d Dataset, day snapshot.Day) (class, bool) {
	today := snapshot.DayOf(s.clock.In(s.account.Zone))
	r := s.days[d.Name][day]
	age := s.clock.Sub(r.fetched)
	stands := r.object && r.listed && r.same // the ledger's word on what lies there
	if stands && age < 0 {
		return 0, false // by a run with a later clock
	}
	stands = stands && r.spec == d.Spec
	if stands && age == 0 && s.event.Attempt == "2" && (s.event.Force || s.event.From != 0 || s.event.To != 0) {
		return 0, false // by the try before
	}
	again := func(every time.Duration) bool { return s.event.Force || every == 0 || age > every }
	switch {
	case d.Listing:
		return listing, !stands || again(s.account.Refresh)
	case day == today:
		return openDay, true
	case !stands:
		return backlog, true
	case !r.settled:
		return unsettledDay, again(s.account.RestateEvery)
	case s.event.Force:
		return backlog, true
	}
	return verification, s.account.VerifyAfter > 0 && age > s.account.VerifyAfter
}

// planned plans a situation from its bucket.
func (s situation) planned(t *rapid.T, store *snapshottest.Bucket) []string {
	config := Config{Source: "scrapright", Store: store, Now: func() time.Time { return s.clock }}
	var datasets []*dataset
	for _, d := range s.account.Datasets {
		datasets = append(datasets, &dataset{Dataset: d, parts: []string{d.Name},
			book: snapshot.NewBook(store, config.Layout, config.Source, d.Name, s.account.Name)})
	}
	p := newPlanner(config, s.account, s.event, s.clock)
	tasks, err := p.plan(t.Context(), datasets)
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for _, task := range tasks {
		all = append(all, fmt.Sprint(task.name.Dataset, " ", task.name.Day, " class ", task.class))
	}
	return all
}

// TestWhatIsDueIsWhatAModelSays compares the plan for random ledgers, objects, clocks, configurations and events with the
// model: those days, as that, and no other; newest first.
func TestWhatIsDueIsWhatAModelSays(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := drawSituation(t)
		var want []string
		for _, d := range s.account.Datasets {
			days := s.wanted(d)
			slices.Reverse(days)
			for _, day := range days {
				if c, due := s.expected(d, day); due {
					want = append(want, fmt.Sprint(d.Name, " ", day, " class ", c))
				}
			}
		}
		store := s.lay(t)
		before := store.Keys()
		if got := s.planned(t, store); !slices.Equal(got, want) {
			t.Fatalf("due are\n%q\nexpected\n%q", got, want)
		}
		if !slices.Equal(before, store.Keys()) {
			t.Fatal("planning changed the bucket")
		}
	})
}

// TestWhatWasDoneIsNotDueAgainAtOnce does a random plan's work in the model: after it only the open day is due, and what
// is to be read on every run.
func TestWhatWasDoneIsNotDueAgainAtOnce(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := drawSituation(t)
		s.event = Event{}
		for _, d := range s.account.Datasets {
			for _, day := range s.wanted(d) {
				if _, due := s.expected(d, day); due {
					s.days[d.Name][day] = record{object: true, listed: true, same: true, spec: d.Spec, fetched: s.clock,
						settled: rapid.Bool().Draw(t, "settles")}
				}
			}
		}
		today := snapshot.DayOf(s.clock.In(s.account.Zone))
		for _, due := range s.planned(t, s.lay(t)) {
			var name, date string
			var c class
			if _, err := fmt.Sscanf(due, "%s %s class %d", &name, &date, &c); err != nil {
				t.Fatal(err)
			}
			if c != openDay && !(c == unsettledDay && s.account.RestateEvery == 0) && !(c == listing && s.account.Refresh == 0) {
				t.Fatalf("%s is due again; today is %s", due, today)
			}
		}
	})
}
