package scrapright

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"

	"yardstick/pkg/export"
	"yardstick/pkg/schema"
	"yardstick/pkg/snapshot"
	"yardstick/pkg/snapshot/snapshottest"
	"yardstick/pkg/wire"

	"pgregory.net/rapid"
)

// observer infers the schema of the lines, as an export has one.
type observer struct{ schema.Schema }

func (o *observer) Observe(line []byte) {
	if err := o.Schema.Observe(line); err != nil {
		panic(err)
	}
}

// answers draws the pages of a list: most begin in the same way, and their records are alike.
func answers(t *rapid.T) []string {
	record := rapid.SampledFrom([]string{`{"Id":1,"Net":2.50}`, `{"Id":2,"Net":0.10}`, `{"Id":3,"Net":null}`, `{"Id":4}`, `{"Id":5,"Lines":[{"a":1},{}]}`, `{}`,
		`{"id":6}`, `{"Id":7,"Id":8}`, ` {"Id": 9}`, `{"Id":"\ud83d"}`, `7`, `null`, `{"Id":1`, `{"Total":9}`})
	form := rapid.SampledFrom([]string{`{"IsError":0,"Message":"","Data":[%s]}`, `{"IsError":0,"Message":"","Data":[%s],"Total":3}`,
		`{"IsError":0,"Data":{"Items":[%s],"TotalCount":7}}`, `{"IsError":0,"Data":{"Items":[%s],"More":[{"Id":1}]}}`, `{"IsError":0,"Data":{"Items":[%s],"More":[1]}}`,
		`{"IsError":0,"Data":{"More":[],"Items":[%s]}}`, `{"Message":"","Data":[%s],"IsError":1}`, `{"Data":[%s],"Data":[]}`, `{"Data":[%s]`, `{"Data":[%s]}}`, `{"Data":[%s],}`,
		"\xef\xbb\xbf" + ` {"Data":[[%s]]}`, "\xef\xbb\xbf" + `{"Data":[%s]} `})
	first := form.Draw(t, "form")
	pages := []string{}
	for range rapid.IntRange(1, 6).Draw(t, "pages") {
		at := first
		if rapid.IntRange(0, 3).Draw(t, "other") == 0 {
			at = form.Draw(t, "form")
		}
		records := rapid.SliceOfN(rapid.OneOf(rapid.Just(`{"Id":1,"Net":2.50}`), record), 0, 4).Draw(t, "records")
		pages = append(pages, fmt.Sprintf(at, strings.Join(records, ",")))
	}
	return pages
}

// told spells a page and what is wrong with it.
func told(p wire.Page, err error) string {
	total := "none"
	if p.Total != nil {
		total = fmt.Sprint(*p.Total)
	}
	return fmt.Sprintf("%q, total %s, %v", p.Records, total, err)
}

// Pages that are known at a glance are what they are when they are read, and their records come as they would.
func TestAGlanceAtAPageChangesNothing(t *testing.T) {
	token := hiding(secretToken)
	plain, watched := snapshottest.NewSpool(t), snapshottest.NewSpool(t)
	defer func() { _, _ = plain.Close(), watched.Close() }()
	glances := 0
	rapid.Check(t, func(t *rapid.T) {
		watched.Observer = new(observer)
		for _, s := range []*snapshot.Spool{plain, watched} {
			if err := s.Begin(&snapshot.Encoder{}); err != nil {
				t.Fatal(err)
			}
		}
		setting := finder{records: rapid.SampledFrom([]string{"", "", "/Data", "/Data/Items", "/Data/0"}).Draw(t, "records"),
			total: rapid.SampledFrom([]string{"", "", "/Total", "/Data/0/Total"}).Draw(t, "total")}
		reads, knows := setting, setting
		for _, body := range answers(t) {
			page, fault := reads.page([]byte(body), token)
			again, ok := knows.glance([]byte(body), token, watched)
			if !ok {
				var err error
				if again, err = knows.page([]byte(body), token); fmt.Sprint(err) != fmt.Sprint(fault) {
					t.Fatalf("%s: %v, expected %v", body, err, fault)
				}
			} else if glances++; told(again, nil) != told(page, fault) {
				t.Fatalf("%s: at a glance %s, expected %s", body, told(again, nil), told(page, fault))
			}
			if fault == nil {
				addPage(t, plain, page, watched, again)
			}
		}
		if got, want := snapshottest.Lines(t, watched), snapshottest.Lines(t, plain); !slices.Equal(got, want) {
			t.Fatalf("%q, expected %q", got, want)
		}
	})
	if glances == 0 {
		t.Error("no page was known at a glance")
	}
}

// addPage adds a page's records to a spool, and those of the same page, which may be followed, to another.
func addPage(t *rapid.T, plain *snapshot.Spool, page wire.Page, watched *snapshot.Spool, again wire.Page) {
	t.Helper()
	for i, record := range page.Records {
		want, fault := plain.Append(record)
		add := watched.Append
		if again.Followed {
			add = func([]byte) (snapshot.Line, error) { return watched.Take() }
		}
		got, err := add(again.Records[i])
		if !bytes.Equal(got, want) || fmt.Sprint(err) != fmt.Sprint(fault) {
			t.Fatalf("%q: %q, %v; expected %q, %v", record, got, err, want, fault)
		}
	}
}

// appending counts the records that a sink had to look at by themselves.
type appending struct {
	export.Sink
	records int
}

func (a *appending) Append(record []byte) (export.Line, error) {
	a.records++
	return a.Sink.Append(record)
}

func TestAllPagesOfADayButTheFirstAreKnownAtAGlance(t *testing.T) {
	s := newShelf(t, 2_000)
	source, spool := s.source(t), snapshottest.NewSpool(t)
	defer func() { _ = spool.Close() }()
	spool.Observer = new(observer)
	sink := &appending{Sink: spool}
	day, err := snapshot.ParseDay(today)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := source.Read(t.Context(), export.Window{Dataset: "purchases", Part: "purchases", Day: day}, sink); err != nil {
		t.Fatal(err)
	}
	if most := 3 * maxPage; sink.records > most || spool.Rows() != int64(s.records) {
		t.Errorf("%d of %d records had to be looked at by themselves, expected at most %d", sink.records, spool.Rows(), most)
	}
}
