package snapshot_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"yardstick/pkg/snapshot"
)

// shelved is a dataset in the bucket with its ledger.
type shelved struct {
	*bucket
	book *snapshot.Book
}

func newShelf(t testing.TB, b *bucket, dataset string) *shelved {
	t.Helper()
	return &shelved{b, snapshot.NewBook(b, snapshot.Layout{Prefix: "acme/"}, "scrapright", dataset, "main")}
}

// put publishes a part and its copy in latest/, and notes it in the ledger, which save writes.
func (s *shelved) put(t testing.TB, n snapshot.Name, lines ...string) {
	t.Helper()
	content, body := gzipped(t, lines...)
	p := publisher(s.bucket, 5)
	if _, err := p.Publish(t.Context(), n, content, body, snapshot.Info{}); err != nil {
		t.Fatal(err)
	}
	if err := p.Latest(t.Context(), n, content, body); err != nil {
		t.Fatal(err)
	}
	s.note(t, n, content)
}

func (s *shelved) note(t testing.TB, n snapshot.Name, c snapshot.Content) {
	t.Helper()
	load(t, s.book, n.Day.Month())
	s.book.Set(n.Day, n.Part, snapshot.Entry{Key: snapshot.Layout{Prefix: "acme/"}.Data(n), Rows: c.Rows, Bytes: c.Bytes, SHA256: c.SHA256,
		Window: [2]snapshot.Day{n.Day, n.Day}})
}

// found is what a search told, in words.
func found(parts []snapshot.Part, gaps []snapshot.Gap, err error) []string {
	all := []string{}
	for _, p := range parts {
		all = append(all, strings.TrimPrefix(p.Key, "acme/"))
		if p.Entry.Window[0] != p.Name.Day {
			all = append(all, "with another day's entry")
		}
	}
	for _, g := range gaps {
		all = append(all, fmt.Sprintf("no %s %s-%s", g.Part, g.First, g.Last))
	}
	if err != nil {
		all = append(all, err.Error())
	}
	return all
}

func TestFindTellsObjectsAndGapsOfARange(t *testing.T) {
	b := openBucket(t)
	s := newShelf(t, b, "brand_daily")
	name := func(d, part string) snapshot.Name {
		return snapshot.Name{Source: "scrapright", Dataset: "brand_daily", Account: "main", Day: day(t, d), Part: part}
	}
	for _, d := range []string{"2026-10-30", "2026-10-31", "2026-11-03", "2026-11-04"} {
		s.note(t, name(d, "brand-1"), snapshot.Content{})
	}
	s.note(t, name("2026-11-03", "brand-2"), snapshot.Content{})
	save(t, s.book)
	b.put(t, "acme/_yardstick/ledger/scrapright/brand_daily/account=main/notes.txt", "no month")
	key := func(d, part string) string {
		return "scrapright/brand_daily/account=main/dt=" + d + "/" + part + ".json.gz"
	}
	for _, test := range []struct {
		name, first, last string
		s                 snapshot.Selection
		want              []string
	}{
		{"all parts", "2026-10-31", "2026-11-04", snapshot.Selection{}, []string{key("2026-10-31", "brand-1"), key("2026-11-03", "brand-1"), key("2026-11-03", "brand-2"),
			key("2026-11-04", "brand-1"), "no brand-2 2026-10-31-2026-10-31", "no  2026-11-01-2026-11-02", "no brand-2 2026-11-04-2026-11-04"}},
		{"one part", "2026-11-03", "2026-11-05", snapshot.Selection{Parts: []string{"brand-2"}}, []string{key("2026-11-03", "brand-2"), "no brand-2 2026-11-04-2026-11-05"}},
		{"two parts", "2026-11-03", "2026-11-04", snapshot.Selection{Parts: []string{"brand-2", "brand-1"}}, []string{key("2026-11-03", "brand-1"), key("2026-11-03", "brand-2"),
			key("2026-11-04", "brand-1"), "no brand-2 2026-11-04-2026-11-04"}},
		{"a part that is unwanted", "2026-11-03", "2026-11-04", snapshot.Selection{Unwanted: []string{"brand-2"}}, []string{key("2026-11-03", "brand-1"), key("2026-11-03", "brand-2"),
			key("2026-11-04", "brand-1")}},
		{"a part that is wanted", "2026-10-30", "2026-10-31", snapshot.Selection{Wanted: []string{"brand-9", "brand-1"}}, []string{key("2026-10-30", "brand-1"), key("2026-10-31", "brand-1"),
			"no brand-9 2026-10-30-2026-10-31"}},
		{"a month that is not there", "2025-01-01", "2025-12-31", snapshot.Selection{Wanted: []string{"brand-1"}}, []string{"no  2025-01-01-2025-12-31"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			test.s.First, test.s.Last = day(t, test.first), day(t, test.last)
			got := found(newShelf(t, b, "brand_daily").book.Find(t.Context(), test.s))
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestFindReadsNoMonthThatIsNotAskedFor(t *testing.T) {
	b := openBucket(t)
	s := newShelf(t, b, "purchases")
	for _, d := range []string{"2026-10-31", "2026-11-01"} {
		s.note(t, purchases(t, d), snapshot.Content{})
	}
	save(t, s.book)
	b.put(t, "acme/_yardstick/ledger/scrapright/purchases/account=main/2026-09.json", "broken")
	before := b.cloud.Requests()
	all := snapshot.Selection{First: day(t, "2026-10-01"), Last: day(t, "9999-12-31")}
	parts, gaps, err := newShelf(t, b, "purchases").book.Find(t.Context(), all)
	if err != nil || len(parts) != 2 || len(gaps) != 2 {
		t.Errorf("%v %v %v", parts, gaps, err)
	}
	if after := b.cloud.Requests(); after["s3:GetObject"]-before["s3:GetObject"] != 2 || after["s3:ListObjectsV2"]-before["s3:ListObjectsV2"] != 1 {
		t.Errorf("requests: %v and then %v", before, after)
	}
	all.First = day(t, "2026-09-30")
	_, _, err = newShelf(t, b, "purchases").book.Find(t.Context(), all)
	if err == nil || !strings.Contains(err.Error(), "2026-09.json cannot be used") {
		t.Errorf("a broken month: %v", err)
	}
}

// TestFindIsWhatTheLedgerSays compares with a model that looks at each day and part by itself.
func TestFindIsWhatTheLedgerSays(t *testing.T) {
	b := openBucket(t)
	run := 0
	rapid.Check(t, func(r *rapid.T) {
		run++
		book := snapshot.NewBook(b, snapshot.Layout{Prefix: fmt.Sprint(run, "/")}, "scrunch", "brand_daily", "main")
		begin := snapshot.DateOf(2026, time.October, 25)
		parts := []string{"brand-1", "brand-2", "brand-3"}
		there := map[string]bool{}
		load(t, book, "2026-10", "2026-11")
		for d := begin; d < begin+14; d++ {
			for _, part := range parts {
				if rapid.Bool().Draw(r, "there") {
					there[d.String()+part] = true
					book.Set(d, part, snapshot.Entry{})
				}
			}
		}
		save(t, book)
		s := snapshot.Selection{First: begin + snapshot.Day(rapid.IntRange(0, 13).Draw(r, "first")), Wanted: parts}
		s.Last = s.First + snapshot.Day(rapid.IntRange(0, 13).Draw(r, "days"))
		got, gaps, err := book.Find(t.Context(), s)
		if err != nil {
			r.Fatal(err)
		}
		missing := map[string]bool{}
		for i, g := range gaps {
			for d := g.First; d <= g.Last; d++ {
				for _, part := range parts {
					if g.Part == "" || g.Part == part {
						if missing[d.String()+part] {
							r.Fatalf("%s %s is missing twice", d, part)
						}
						missing[d.String()+part] = true
					}
				}
			}
			for _, other := range gaps[i+1:] {
				if other.Part == g.Part && other.First <= g.Last+1 {
					r.Fatalf("%v and %v are one gap, or out of order", g, other)
				}
			}
		}
		next := 0
		for d := s.First; d <= s.Last; d++ {
			for _, part := range parts {
				if there[d.String()+part] == missing[d.String()+part] {
					r.Fatalf("%s %s: there is %v, and missing %v", d, part, there[d.String()+part], gaps)
				}
				if there[d.String()+part] {
					if next >= len(got) || got[next].Name.Day != d || got[next].Name.Part != part {
						r.Fatalf("%v, expected %s %s in place %d", got, d, part, next)
					}
					next++
				}
			}
		}
	})
}

func TestFindNewestTellsTheDayOfEachCopy(t *testing.T) {
	b := openBucket(t)
	s := newShelf(t, b, "prompts")
	name := func(d, part string) snapshot.Name {
		return snapshot.Name{Source: "scrapright", Dataset: "prompts", Account: "main", Day: day(t, d), Part: part}
	}
	find := func(o snapshot.Selection) []string {
		return found(newShelf(t, b, "prompts").book.FindNewest(t.Context(), o))
	}
	if diff := cmp.Diff([]string{"no  -"}, find(snapshot.Selection{Wanted: []string{"brand-1"}})); diff != "" {
		t.Errorf("nothing is there: %s", diff)
	}
	s.put(t, name("2026-09-30", "brand-1"), `{"a":1}`)
	s.put(t, name("2026-11-22", "brand-2"), `{"a":2}`)
	s.put(t, name("2026-11-21", "brand-2"), `{"a":2}`)
	s.note(t, name("2026-11-22", "brand-3"), snapshot.Content{}) // no longer exported
	save(t, s.book)
	b.put(t, "acme/latest/scrapright/prompts/account=main/brand-4.json.gz", "nothing proves it")
	latest := "latest/scrapright/prompts/account=main/"
	for _, test := range []struct {
		s    snapshot.Selection
		want []string
	}{
		{snapshot.Selection{}, []string{latest + "brand-1.json.gz", latest + "brand-2.json.gz", "no brand-4 -"}},
		{snapshot.Selection{Wanted: []string{"brand-3"}}, []string{latest + "brand-1.json.gz", latest + "brand-2.json.gz", "no brand-3 -", "no brand-4 -"}},
		{snapshot.Selection{Parts: []string{"brand-2", "brand-3"}, Wanted: []string{"brand-1"}}, []string{latest + "brand-2.json.gz", "no brand-3 -"}},
	} {
		if diff := cmp.Diff(test.want, find(test.s)); diff != "" {
			t.Errorf("%v: %s", test.s, diff)
		}
	}
	parts, _, err := newShelf(t, b, "prompts").book.FindNewest(t.Context(), snapshot.Selection{})
	if err != nil || parts[0].Name.Day != day(t, "2026-09-30") || parts[1].Name.Day != day(t, "2026-11-22") {
		t.Errorf("days of %v, %v", parts, err)
	}
}

func newCopies(t testing.TB, b *bucket) *snapshot.Copies {
	t.Helper()
	folder := t.TempDir()
	c, err := snapshot.NewCopies(b, folder)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.Close(); err != nil {
			t.Error(err)
		}
		if left, err := os.ReadDir(folder); err != nil || len(left) > 0 {
			t.Errorf("left in the folder: %v, %v", left, err)
		}
	})
	return c
}

// month is 30 days of purchases, each of so many rows as its date says; every seventh has none.
func month(t testing.TB, s *shelved) (parts []snapshot.Part, text []string) {
	t.Helper()
	for d := day(t, "2026-11-01"); d <= day(t, "2026-11-30"); d++ {
		var lines []string
		for i := range int(d) % 7 {
			lines = append(lines, fmt.Sprintf(`{"d":%q,"i":%d}`, d, i))
		}
		s.put(t, purchases(t, d.String()), lines...)
		_, all := contentOf(lines...)
		text = append(text, all)
	}
	save(t, s.book)
	parts, gaps, err := s.book.Find(t.Context(), snapshot.Selection{First: day(t, "2026-11-01"), Last: day(t, "2026-11-30")})
	if err != nil || len(gaps) > 0 || len(parts) != 30 {
		t.Fatal(parts, gaps, err)
	}
	return parts, text
}

func TestCopiesComeInOrderAndAreWhatWasStored(t *testing.T) {
	b := openBucket(t)
	parts, want := month(t, newShelf(t, b, "purchases"))
	for _, keep := range []bool{false, true} {
		copies := newCopies(t, b)
		var got []string
		var kept []*snapshot.Copy
		err := copies.Each(t.Context(), parts, keep, func(c *snapshot.Copy) error {
			var whole, lines bytes.Buffer
			n, err := c.WriteTo(&whole)
			if err != nil || n != c.Content.Bytes || c.Differs || c.Gone || c.Content.Rows != int64(strings.Count(whole.String(), "\n")) {
				t.Errorf("%+v: %d bytes, %v", c, n, err)
			}
			err = c.Lines(func(line []byte) error {
				lines.Write(line)
				return nil
			})
			if err != nil || lines.String() != whole.String() {
				t.Errorf("%s: lines %q, whole %q, %v", c.Key, lines.String(), whole.String(), err)
			}
			got, kept = append(got, whole.String()), append(kept, c)
			return nil
		})
		if err != nil || !slices.Equal(got, want) {
			t.Errorf("keep %v: %v\n%q, expected\n%q", keep, err, got, want)
		}
		for i, c := range kept {
			var again bytes.Buffer
			if _, err := c.WriteTo(&again); keep && (err != nil || again.String() != want[i]) {
				t.Errorf("%s, kept: %v %q", c.Key, err, again.String())
			}
		}
	}
}

func TestNoObjectsAreNoCopies(t *testing.T) {
	if err := newCopies(t, openBucket(t)).Each(t.Context(), nil, false, nil); err != nil {
		t.Error(err)
	}
}

func TestADamagedObjectIsNamedAndNothingOfItIsGiven(t *testing.T) {
	good, _ := contentOf(`{"a":1}`, `{"a":2}`)
	told := map[string]string{"rows": "2", "sha256": good.SHA256}
	_, object := gzipped(t, `{"a":1}`, `{"a":2}`)
	whole, err := io.ReadAll(object)
	if err != nil {
		t.Fatal(err)
	}
	_, object = gzipped(t, `{"a":1}`, `{"a":3}`)
	other, err := io.ReadAll(object)
	if err != nil {
		t.Fatal(err)
	}
	flipped := slices.Clone(whole)
	flipped[len(flipped)-6] ^= 1 // of the checksum
	for name, test := range map[string]struct {
		body     []byte
		metadata map[string]string
		says     string
	}{
		"half":                     {whole[:len(whole)/2], told, "it breaks off"},
		"empty":                    {nil, told, "it breaks off"},
		"no gzip":                  {[]byte(`{"a":1}` + "\n" + `{"a":2}` + "\n"), told, "gzip"},
		"a flipped bit":            {flipped, told, "checksum"},
		"something behind":         {append(slices.Clone(whole), "more"...), told, "delete it"},
		"a member behind":          {slices.Concat(whole, other), told, "it holds 4 rows"},
		"another's content":        {other, told, "its metadata tell of 2 and " + good.SHA256},
		"a wrong count":            {whole, map[string]string{"rows": "3", "sha256": good.SHA256}, "it holds 2 rows"},
		"another's, no metadata":   {other, nil, "the ledger tells of 2 and " + good.SHA256},
		"half, no metadata":        {whole[:len(whole)-8], nil, "it breaks off"},
		"broken rows, another's":   {other, map[string]string{"rows": "x", "sha256": good.SHA256}, "the ledger tells of 2"},
		"metadata of another form": {other, map[string]string{"rows": "2"}, "the ledger tells of 2"},
	} {
		t.Run(name, func(t *testing.T) {
			b := openBucket(t)
			s := newShelf(t, b, "purchases")
			parts, _ := month(t, s)
			s.note(t, purchases(t, "2026-11-22"), good)
			parts[21].Entry, _ = s.book.Entry(day(t, "2026-11-22"), "purchases")
			if _, err := b.Put(t.Context(), purchasesKey, bytes.NewReader(test.body), snapshot.PutOptions{Metadata: test.metadata}); err != nil {
				t.Fatal(err)
			}
			given := 0
			err := newCopies(t, b).Each(t.Context(), parts, false, func(*snapshot.Copy) error {
				given++
				return nil
			})
			wantError(t, "Each", err, snapshot.ErrForm, purchasesKey, test.says, "restore an earlier version of it, or delete it")
			if given != 21 {
				t.Errorf("%d objects were given, expected the 21 before it", given)
			}
		})
	}
}

func TestAnObjectThatProvesItselfIsGivenThoughTheLedgerTellsOfAnother(t *testing.T) {
	b := openBucket(t)
	s := newShelf(t, b, "purchases")
	s.put(t, purchases(t, "2026-11-22"), `{"a":1}`)
	older, _ := contentOf()
	s.note(t, purchases(t, "2026-11-22"), older)
	parts, _, _ := s.book.Find(t.Context(), snapshot.Selection{First: day(t, "2026-11-22"), Last: day(t, "2026-11-22")})
	var text bytes.Buffer
	err := newCopies(t, b).Each(t.Context(), parts, false, func(c *snapshot.Copy) error {
		if !c.Differs {
			t.Error("it is not told that the ledger differs")
		}
		_, err := c.WriteTo(&text)
		return err
	})
	if err != nil || text.String() != `{"a":1}`+"\n" {
		t.Errorf("%q %v", text.String(), err)
	}
}

func TestAnObjectThatIsNotThereIsGone(t *testing.T) {
	b := openBucket(t)
	parts, _ := month(t, newShelf(t, b, "purchases"))
	b.remove(t, purchasesKey)
	var gone []string
	err := newCopies(t, b).Each(t.Context(), parts, true, func(c *snapshot.Copy) error {
		var text bytes.Buffer
		n, err := c.WriteTo(&text)
		if c.Gone {
			gone = append(gone, c.Key)
			if fault := c.Lines(func([]byte) error { return io.EOF }); n != 0 || fault != nil {
				t.Errorf("%d bytes, %v", n, fault)
			}
		}
		return err
	})
	if err != nil || !slices.Equal(gone, []string{purchasesKey}) {
		t.Errorf("%v %v", gone, err)
	}
}

func TestABodyThatIsCutOnTheWayIsNoDamageOfTheObject(t *testing.T) {
	b := openBucket(t)
	parts, _ := month(t, newShelf(t, b, "purchases"))
	b.wire.breakOff()
	err := newCopies(t, b).Each(t.Context(), parts[5:6], false, func(*snapshot.Copy) error { return nil })
	if err == nil || errors.Is(err, snapshot.ErrForm) || !strings.Contains(err.Error(), parts[5].Key) {
		t.Errorf("got error %v, expected one of the way", err)
	}
	b.wire.set(http.MethodGet, func(r *http.Request) (*http.Response, error) {
		return answer(r, http.StatusForbidden, "AccessDenied"), nil
	})
	err = newCopies(t, b).Each(t.Context(), parts[5:6], false, func(*snapshot.Copy) error { return nil })
	wantError(t, "Each", err, snapshot.ErrDenied, parts[5].Key)
}

func TestAnErrorOfTheReaderEndsItAndSoDoesItsContext(t *testing.T) {
	b := openBucket(t)
	parts, _ := month(t, newShelf(t, b, "purchases"))
	given := 0
	err := newCopies(t, b).Each(t.Context(), parts, false, func(*snapshot.Copy) error {
		if given++; given == 12 {
			return io.ErrClosedPipe
		}
		return nil
	})
	if wantError(t, "Each", err, io.ErrClosedPipe); given != 12 {
		t.Errorf("%d objects were given", given)
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	given = 0
	err = newCopies(t, b).Each(ctx, parts, false, func(*snapshot.Copy) error {
		if given++; given == 3 {
			cancel()
		}
		return nil
	})
	if wantError(t, "Each", err, context.Canceled); given > 4 {
		t.Errorf("%d objects were given after the end", given)
	}
}
