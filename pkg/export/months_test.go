package export

import (
	"encoding/json"
	"slices"
	"testing"
	"time"

	"yardstick/pkg/snapshot"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

var (
	noon      = time.Date(2026, 11, 18, 12, 0, 0, 0, time.UTC)
	today     = snapshot.DayOf(noon)
	lastMonth = snapshot.DateOf(2026, 10, 1)
)

func asked(spec string, parts ...string) *dataset {
	return &dataset{Dataset: Dataset{Name: "purchases", Spec: spec}, parts: parts}
}

// at is a planner at a moment that remembers looks at months of purchases.
func at(t time.Time, d *dataset, looks map[string]look) *planner {
	return &planner{time: t, today: snapshot.DayOf(t), Account: Account{Zone: time.UTC, Datasets: []Dataset{d.Dataset}},
		remembered: months{Version: monthsVersion, Datasets: map[string]history{d.Name: {Basis: d.basis(), Months: looks}}}}
}

// past are looks of one moment at complete months before the last one.
func past(first snapshot.Day, moment time.Time) map[string]look {
	looks := map[string]look{}
	for m := (lastMonth - 1).FirstOfMonth(); m >= first.FirstOfMonth(); m = (m - 1).FirstOfMonth() {
		looks[m.Month()] = look{At: moment, From: max(first, m), Read: moment}
	}
	return looks
}

func TestMonthsThatWereCompleteAtOnceTakeTurns(t *testing.T) {
	first := snapshot.DateOf(2024, 12, 1)
	rapid.Check(t, func(t *rapid.T) {
		d := asked("s", "purchases")
		begun := noon.Add(time.Duration(rapid.IntRange(0, 86399).Draw(t, "begun")) * time.Second)
		looks := past(first, begun)
		for hour := range 72 {
			now := begun.Add(time.Duration(hour+1)*time.Hour + time.Duration(rapid.IntRange(0, 59).Draw(t, "late"))*time.Second)
			spans := at(now, d, looks).spans(d, first, snapshot.DayOf(now))
			looked := 0
			for month, l := range looks {
				m, err := snapshot.ParseDay(month + "-01")
				if err != nil {
					t.Fatal(err)
				}
				if slices.ContainsFunc(spans, func(s span) bool { return s.first <= m && m <= s.last }) {
					looks[month] = look{At: now, From: l.From, Read: l.Read}
					looked++
				} else if age := now.Sub(l.At); age >= turn {
					t.Fatalf("%s: %s was last looked at %v ago", now, month, age)
				}
			}
			if looked > 2 {
				t.Fatalf("%s: %d of %d months at once", now, looked, len(looks))
			}
		}
	})
}

// expected says in plain words whether a month is to be looked at, but for its turn, which a look within an hour does not meet
// more than once.
func expected(l look, known bool, begin snapshot.Day, now time.Time, verifyAfter time.Duration, ranged bool) bool {
	return !known || ranged || begin >= lastMonth || begin < l.From || l.At.After(now) || now.Sub(l.At) >= 23*time.Hour ||
		verifyAfter > 0 && now.Sub(l.Read) > verifyAfter
}

func TestSpansAreTheMonthsThatMayNotGoWithoutALook(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		first := lastMonth - snapshot.Day(rapid.IntRange(0, 400).Draw(t, "first"))
		d := asked("s", "purchases")
		looks := map[string]look{}
		for m := today.FirstOfMonth(); m >= first.FirstOfMonth(); m = (m - 1).FirstOfMonth() {
			if rapid.Bool().Draw(t, "known") {
				looks[m.Month()] = look{From: max(first, m) + snapshot.Day(rapid.IntRange(0, 1).Draw(t, "wanted later")),
					At:   noon.Add(time.Duration(rapid.IntRange(-30*3600, 3600).Draw(t, "looked")) * time.Second),
					Read: noon.Add(-time.Duration(rapid.IntRange(0, 60).Draw(t, "read")) * 24 * time.Hour)}
			}
		}
		p := at(noon, d, looks)
		p.VerifyAfter = time.Duration(rapid.SampledFrom([]int{0, 30}).Draw(t, "verify")) * 24 * time.Hour
		p.event.Force = rapid.IntRange(0, 9).Draw(t, "force") == 0
		spans := p.spans(d, first, today)
		for i, s := range spans {
			if s.first > s.last || i > 0 && s.last >= spans[i-1].first-1 {
				t.Fatalf("%v: expected spans apart from each other, newest first", spans)
			}
		}
		for day := first; day <= today; day++ {
			begin := max(first, day.FirstOfMonth())
			l, known := looks[begin.Month()]
			in := slices.ContainsFunc(spans, func(s span) bool { return s.first <= day && day <= s.last })
			want := expected(l, known, begin, noon, p.VerifyAfter, p.event.Ranged())
			if want && !in {
				t.Fatalf("%s is in none of %v; look %+v", day, spans, l)
			}
			if in && !want && inTurn(begin.Month(), l.At) == inTurn(begin.Month(), noon) {
				t.Fatalf("%s is in %v without need; look %+v", day, spans, l)
			}
		}
	})
}

func TestWhatIsAskedForOtherPartsOrOtherwiseIsNotRemembered(t *testing.T) {
	first := snapshot.DateOf(2026, 1, 1)
	p := at(noon, asked("s", "brand-1", "brand-2"), past(first, noon))
	for _, c := range []struct {
		d    *dataset
		want []span
	}{
		{asked("s", "brand-2", "brand-1"), []span{{lastMonth, today}}},
		{asked("s", "brand-1"), []span{{first, today}}},
		{asked("s", "brand-1", "brand-2", "brand-3"), []span{{first, today}}},
		{asked("s", "brand-1", "brand-3"), []span{{first, today}}},
		{asked("another", "brand-1", "brand-2"), []span{{first, today}}},
	} {
		if got := p.spans(c.d, first, today); !slices.Equal(got, c.want) {
			t.Errorf("%s of %q: %v, expected %v", c.d.Spec, c.d.parts, got, c.want)
		}
	}
}

func TestWhatIsRememberedSurvivesItsOwnSpellingAndNothingElseDoes(t *testing.T) {
	m := at(noon, asked("s", "purchases"), past(snapshot.DateOf(2024, 12, 1), noon)).remembered
	text, err := json.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(m, readMonths(text)); diff != "" {
		t.Error(diff)
	}
	if len(text) > 22*110+100 {
		t.Errorf("%d bytes for 22 months", len(text))
	}
	for _, other := range []string{``, `null`, `7`, `[]`, `{}`, `{"version":2,"datasets":{}}`, `{"version":1,"datasets":{"purchases":7}}`,
		`{"version":1,"datasets":{"purchases":{"months":{"2026-01":{"at":"yesterday"}}}}}`, string(text[:len(text)-1])} {
		if got := readMonths(json.RawMessage(other)); got.Version != 0 || got.Datasets != nil {
			t.Errorf("%.60s: %+v", other, got)
		}
	}
}

// FuzzReadMonths holds that whatever stands in a lease, the current month and the last one are looked at, and nothing twice.
func FuzzReadMonths(f *testing.F) {
	d := asked("s", "purchases")
	good, err := json.Marshal(at(noon, d, past(snapshot.DateOf(2026, 1, 1), noon)).remembered)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(good)
	f.Add([]byte(`{"version":1,"datasets":{"purchases":{"basis":"` + d.basis() + `","months":{"2026-11":{"at":"2026-11-18T12:00:00Z"},"x":{}}}}}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		p := at(noon, d, nil)
		p.remembered = readMonths(text)
		spans := p.spans(d, snapshot.DateOf(2026, 1, 1), today)
		if len(spans) == 0 || spans[0].last != today || spans[0].first > lastMonth {
			t.Errorf("%v", spans)
		}
		for i := 1; i < len(spans); i++ {
			if spans[i].last >= spans[i-1].first-1 {
				t.Errorf("%v", spans)
			}
		}
		p.remember([]*dataset{d})
		if again := p.spans(d, snapshot.DateOf(2026, 1, 1), today); len(again) == 0 || again[0].last != today {
			t.Errorf("%v", again)
		}
	})
}

func TestWhatARunIsNotAboutStaysRemembered(t *testing.T) {
	d := asked("s", "purchases")
	p := at(noon, d, past(snapshot.DateOf(2026, 1, 1), noon))
	want := p.remembered
	p.remember(nil)
	if diff := cmp.Diff(want, p.remembered); diff != "" {
		t.Errorf("a run of other datasets: %s", diff)
	}
	p.event.From = snapshot.DateOf(2026, 3, 2)
	p.tasks = []*task{{dataset: d, done: true, name: snapshot.Name{Dataset: d.Name, Part: d.Name, Day: p.event.From}}}
	p.remember([]*dataset{d})
	months := p.remembered.Datasets[d.Name].Months
	if _, ok := months["2026-03"]; ok || len(months) != len(want.Datasets[d.Name].Months)-1 {
		t.Errorf("an event that read a day of March: %v", months)
	}
	p.Datasets = nil // no longer configured
	if p.remember(nil); len(p.remembered.Datasets) != 0 {
		t.Errorf("%v", p.remembered)
	}
}
