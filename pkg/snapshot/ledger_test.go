package snapshot_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"yardstick/pkg/golden"
	"yardstick/pkg/snapshot"
)

const novemberKey = "acme/_yardstick/ledger/scrapright/purchases/account=main/2026-11.json"

func openBook(b *bucket) *snapshot.Book {
	return snapshot.NewBook(b, snapshot.Layout{Prefix: "acme/"}, "scrapright", "purchases", "main")
}

func load(t testing.TB, book *snapshot.Book, months ...string) {
	t.Helper()
	if err := book.Load(t.Context(), months...); err != nil {
		t.Fatal(err)
	}
}

func save(t testing.TB, book *snapshot.Book) {
	t.Helper()
	if err := book.Save(t.Context()); err != nil {
		t.Fatal(err)
	}
}

func entry(t testing.TB, text string, rows int64) snapshot.Entry {
	t.Helper()
	d := day(t, text)
	content, _ := contentOf()
	return snapshot.Entry{
		Key:  snapshot.Layout{Prefix: "acme/"}.Data(purchases(t, text)),
		Rows: rows, Pages: 2, Bytes: 41_822, SHA256: content.SHA256, ETag: "9b2cf535f27731c974343645a3985328",
		FetchedAt: time.Date(2026, 11, 23, 5, 0, 0, 0, time.UTC), Settled: rows > 100, Window: [2]snapshot.Day{d, d},
		Spec: "0f3a9c1e", Total: map[bool]*int64{true: &rows}[rows > 0], Vanished: 2, Changed: 1,
	}
}

// dated is an entry as one of day d, for JSON.
func dated(t testing.TB, text string, rows int64) string {
	t.Helper()
	e, err := json.Marshal(entry(t, text, rows))
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf(`{%q:{"purchases":%s}}`, text, e)
}

func ledger(month, days string) string {
	const form = `{"version":1,"source":"scrapright","dataset":"purchases","account":"main","month":%q,"days":%s}`
	return fmt.Sprintf(form, month, days)
}

func TestLedgerIsWrittenAsTheContractHasIt(t *testing.T) {
	b := openBucket(t)
	book := openBook(b)
	load(t, book, "2026-11")
	book.Set(day(t, "2026-11-22"), "purchases", entry(t, "2026-11-22", 1834))
	book.Set(day(t, "2026-11-03"), "purchases", entry(t, "2026-11-03", 0))
	save(t, book)
	got, info := b.get(t, novemberKey)
	if info.ContentType != "application/json" {
		t.Errorf("content type %q", info.ContentType)
	}
	golden.Compare(t, "testdata/ledger.json", got)
}

func TestBookReadsBackWhatItWrote(t *testing.T) {
	b := openBucket(t)
	book := openBook(b)
	load(t, book, "2026-10", "2026-11")
	want := map[string]snapshot.Entry{}
	for i, text := range []string{"2026-10-31", "2026-11-01", "2026-11-22"} {
		want[text] = entry(t, text, int64(i)*90)
		book.Set(day(t, text), "purchases", want[text])
	}
	save(t, book)
	again := openBook(b)
	load(t, again, "2026-10", "2026-11")
	for text, e := range want {
		got, ok := again.Entry(day(t, text), "purchases")
		if diff := cmp.Diff(e, got); diff != "" || !ok {
			t.Errorf("%s (-written +read)\n%s", text, diff)
		}
	}
	for _, c := range []struct{ day, part string }{
		{"2026-11-02", "purchases"}, {"2026-11-22", "brand-1"}, {"2026-12-01", "purchases"},
	} {
		if e, ok := again.Entry(day(t, c.day), c.part); ok || e.Key != "" {
			t.Errorf("there is an entry of %s %s: %+v", c.day, c.part, e)
		}
	}
}

func TestBookReadsAMonthOnce(t *testing.T) {
	b := openBucket(t)
	b.put(t, novemberKey, ledger("2026-11", dated(t, "2026-11-22", 5)))
	book := openBook(b)
	for range 3 {
		load(t, book, "2026-11", "2026-10")
	}
	if got := b.cloud.Requests()["s3:GetObject"]; got != 2 {
		t.Errorf("%d requests, expected one for each month", got)
	}
}

func TestBookReadsAgainAfterAFailure(t *testing.T) {
	b := openBucket(t)
	b.put(t, novemberKey, ledger("2026-11", dated(t, "2026-11-22", 5)))
	book := openBook(b)
	b.wire.deny(http.MethodGet)
	wantError(t, "denied", book.Load(t.Context(), "2026-11"), snapshot.ErrDenied, "read the ledger", novemberKey)
	b.wire.breakOff()
	if err := book.Load(t.Context(), "2026-11"); err == nil || !strings.Contains(err.Error(), novemberKey) {
		t.Errorf("broken off: %v", err)
	}
	load(t, book, "2026-11")
	if e, ok := book.Entry(day(t, "2026-11-22"), "purchases"); !ok || e.Rows != 5 {
		t.Errorf("%+v, %v", e, ok)
	}
}

func TestBookSavesOnlyWhatWasChanged(t *testing.T) {
	b := openBucket(t)
	book := openBook(b)
	load(t, book, "2026-10", "2026-11")
	save(t, book)
	if b.puts() != 0 {
		t.Errorf("%d writes of nothing", b.puts())
	}
	book.Set(day(t, "2026-11-22"), "purchases", entry(t, "2026-11-22", 1))
	save(t, book)
	save(t, book)
	if b.puts() != 1 {
		t.Errorf("%d writes, expected 1", b.puts())
	}
	book.Set(day(t, "2026-11-22"), "purchases", entry(t, "2026-11-22", 2)) // over its own version
	save(t, book)
	if text, _ := b.get(t, novemberKey); !strings.Contains(text, `"rows":2,`) {
		t.Errorf("there is %s", text)
	}
}

func TestBookTakesAnEmptyLedger(t *testing.T) {
	b := openBucket(t)
	for i, days := range []string{`{}`, `null`, `{"2026-11-22":null}`, `{"2026-11-22":{}}`} {
		b.put(t, novemberKey, ledger("2026-11", days))
		book := openBook(b)
		load(t, book, "2026-11")
		book.Set(day(t, "2026-11-22"), "purchases", entry(t, "2026-11-22", int64(i)))
		save(t, book)
	}
}

func TestUnusableLedgersAreNamedWithWhatToDo(t *testing.T) {
	const redo = "restore an earlier version of this object, or delete it to have its days read again"
	good := dated(t, "2026-11-22", 5)
	swapped := func(one, other string) string { return strings.Replace(ledger("2026-11", good), one, other, 1) }
	for name, c := range map[string]struct{ text, found, todo string }{
		"empty":              {"", "expected a ledger in JSON", redo},
		"not JSON":           {"<html>", "expected a ledger in JSON", redo},
		"cut":                {ledger("2026-11", good)[:90], "expected a ledger in JSON", redo},
		"two documents":      {ledger("2026-11", good) + "{}", "expected a ledger in JSON", redo},
		"another kind":       {`[1]`, "expected a ledger in JSON", redo},
		"no version":         {`{"days":{}}`, "it has version 0, expected 1", redo},
		"days of other kind": {ledger("2026-11", `[]`), "expected a ledger of version 1", redo},
		"no date":            {ledger("2026-11", `{"22.11.":{}}`), "expected YYYY-MM-DD", redo},
		"empty date":         {ledger("2026-11", `{"":{}}`), `the day "" in the month "2026-11"`, redo},
		"day of another": {ledger("2026-11", dated(t, "2026-10-31", 5)),
			`the day "2026-10-31" in the month "2026-11"`, redo},
		"newer": {swapped("1", "2"),
			"has version 2, and this program knows version 1", "a newer yardstick wrote it; use that one"},
		"newer, of other form": {`{"version":3,"days":[["2026-11-22"]]}`, "has version 3", "use that one"},
		"another month": {ledger("2026-10", dated(t, "2026-10-31", 5)),
			"(scrapright purchases main 2026-10)", "delete it"},
		"another account": {swapped("main", "eu"), "(scrapright purchases eu 2026-11)", "delete it"},
		"another dataset": {swapped("purchases", "customers"), "(scrapright customers main 2026-11)", "delete it"},
		"another source":  {swapped("scrapright", "scrunch"), "(scrunch purchases main 2026-11)", "delete it"},
	} {
		t.Run(name, func(t *testing.T) {
			b := openBucket(t)
			b.put(t, novemberKey, c.text)
			book := openBook(b)
			err := book.Load(t.Context(), "2026-11")
			if err == nil {
				t.Fatal("it was read")
			}
			for _, want := range []string{"the ledger " + novemberKey + " ", c.found, c.todo} {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("got %q\nexpected it to say %q", err, want)
				}
			}
			if _, err := book.Oldest(t.Context()); err == nil {
				t.Error("it has an oldest day")
			}
			if text, _ := b.get(t, novemberKey); text != c.text {
				t.Errorf("there is %s now", text)
			}
		})
	}
}

func TestSaveOverAnotherWriterIsAConflict(t *testing.T) {
	const others = "written by another run"
	for name, meanwhile := range map[string]func(t *testing.T, b *bucket){
		"new":      func(t *testing.T, b *bucket) { b.put(t, novemberKey, others) },
		"replaced": func(t *testing.T, b *bucket) { b.put(t, novemberKey, others) },
		"deleted":  func(t *testing.T, b *bucket) { b.remove(t, novemberKey) },
	} {
		t.Run(name, func(t *testing.T) {
			b := openBucket(t)
			if name != "new" {
				b.put(t, novemberKey, ledger("2026-11", dated(t, "2026-11-01", 5)))
			}
			book := openBook(b)
			load(t, book, "2026-10", "2026-11")
			book.Set(day(t, "2026-11-22"), "purchases", entry(t, "2026-11-22", 1))
			book.Set(day(t, "2026-10-22"), "purchases", entry(t, "2026-10-22", 1))
			meanwhile(t, b)
			want, _ := b.get(t, novemberKey)
			for range 2 {
				wantError(t, "save", book.Save(t.Context()), snapshot.ErrConflict, "write the ledger "+novemberKey)
			}
			if got, _ := b.get(t, novemberKey); got != want {
				t.Errorf("there is %q, expected %q", got, want)
			}
			if text, _ := b.get(t, strings.Replace(novemberKey, "11.json", "10.json", 1)); text == "" {
				t.Error("the other month was not written")
			}
		})
	}
}

func TestSaveWhoseAnswerWasLostCountsAsSaved(t *testing.T) {
	for _, before := range []string{"", ledger("2026-11", dated(t, "2026-11-01", 5))} {
		b := openBucket(t)
		if before != "" {
			b.put(t, novemberKey, before)
		}
		book := openBook(b)
		load(t, book, "2026-11")
		for rows := range int64(2) { // the second over the first, whose ETag has to be known
			book.Set(day(t, "2026-11-22"), "purchases", entry(t, "2026-11-22", rows))
			b.wire.loseAnswer(http.MethodPut, func() {})
			save(t, book)
			if text, _ := b.get(t, novemberKey); !strings.Contains(text, fmt.Sprintf(`"rows":%d,`, rows)) {
				t.Errorf("there is %s", text)
			}
		}
	}
}

func TestSaveWhoseAnswerWasLostAndWhichWasReplacedIsAConflict(t *testing.T) {
	for name, meanwhile := range map[string]func(t *testing.T, b *bucket){
		"replaced": func(t *testing.T, b *bucket) { b.put(t, novemberKey, "another's") },
		"deleted":  func(t *testing.T, b *bucket) { b.remove(t, novemberKey) },
	} {
		t.Run(name, func(t *testing.T) {
			b := openBucket(t)
			b.put(t, novemberKey, ledger("2026-11", `{}`))
			book := openBook(b)
			load(t, book, "2026-11")
			book.Set(day(t, "2026-11-22"), "purchases", entry(t, "2026-11-22", 1))
			b.wire.loseAnswer(http.MethodPut, func() { meanwhile(t, b) })
			wantError(t, "save", book.Save(t.Context()), snapshot.ErrConflict)
			if text, _ := b.get(t, novemberKey); text != map[string]string{"replaced": "another's"}[name] {
				t.Errorf("there is %q", text)
			}
		})
	}
}

func TestSaveTellsWhyItFailed(t *testing.T) {
	b := openBucket(t)
	book := openBook(b)
	load(t, book, "2026-11")
	book.Set(day(t, "2026-11-22"), "purchases", entry(t, "2026-11-22", 1))
	b.wire.deny(http.MethodPut)
	wantError(t, "denied", book.Save(t.Context()), snapshot.ErrDenied, "write the ledger "+novemberKey)
	save(t, book) // what was not written is still to be
	if text, _ := b.get(t, novemberKey); text == "" {
		t.Error("it was not written")
	}
	b.put(t, novemberKey, "another's")
	book.Set(day(t, "2026-11-22"), "purchases", entry(t, "2026-11-22", 2))
	b.wire.deny(http.MethodGet)
	if err := book.Save(t.Context()); !errors.Is(err, snapshot.ErrDenied) || errors.Is(err, snapshot.ErrConflict) {
		t.Errorf("whose it is could not be read: %v", err)
	}
	b.wire.breakOff()
	if err := book.Save(t.Context()); err == nil || errors.Is(err, snapshot.ErrConflict) {
		t.Errorf("whose it is was read by half: %v", err)
	}
}

func TestSetInAMonthThatWasNotLoadedPanics(t *testing.T) {
	defer func() {
		if said, _ := recover().(string); !strings.Contains(said, "2026-11-22") || !strings.Contains(said, "not loaded") {
			t.Errorf("said %q", said)
		}
	}()
	openBook(openBucket(t)).Set(day(t, "2026-11-22"), "purchases", snapshot.Entry{})
}

func TestOldestIsTheFirstDayWithAnEntry(t *testing.T) {
	at := func(month string) string { return strings.Replace(novemberKey, "2026-11", month, 1) }
	for name, c := range map[string]struct {
		there map[string]string
		want  string
	}{
		"nothing there": {nil, ""},
		"one month":     {map[string]string{at("2026-11"): ledger("2026-11", dated(t, "2026-11-22", 5))}, "2026-11-22"},
		"several months": {map[string]string{
			at("2026-11"): "not looked at", at("2026-02"): ledger("2026-02", dated(t, "2026-02-28", 5)),
			at("2025-12"): ledger("2025-12", `{"2025-12-31":{"a":{}},"2025-12-09":{"b":{}},"2025-12-10":{"a":{}}}`)}, "2025-12-09"},
		"months without entries": {map[string]string{
			at("2025-12"): ledger("2025-12", `{}`), at("2026-01"): ledger("2026-01", `{"2026-01-01":{}}`),
			at("2026-02"): ledger("2026-02", dated(t, "2026-02-28", 5))}, "2026-02-28"},
		"nothing but empty months": {map[string]string{at("2025-12"): ledger("2025-12", `{"2025-12-01":{}}`)}, ""},
		"foreign keys": {map[string]string{
			at("2020-1"): "x", at("2020-13"): "x", at("2020-01-01"): "x", at("2020-01") + ".bak": "x", at("2019-01/2020-01"): "x",
			at(""): "x", at("2026-11"): ledger("2026-11", dated(t, "2026-11-22", 5))}, "2026-11-22"},
	} {
		t.Run(name, func(t *testing.T) {
			b := openBucket(t)
			for key, text := range c.there {
				b.put(t, key, text)
			}
			got, err := openBook(b).Oldest(t.Context())
			if err != nil || got.String() != c.want {
				t.Errorf("got %q, %v; expected %q", got, err, c.want)
			}
		})
	}
}

func TestOldestTellsWhyItFailed(t *testing.T) {
	b := openBucket(t)
	b.wire.deny(http.MethodGet)
	_, err := openBook(b).Oldest(t.Context())
	wantError(t, "denied", err, snapshot.ErrDenied, "list the ledger")
}

func TestBookIsSafeForConcurrentUse(t *testing.T) {
	b := openBucket(t)
	book := openBook(b)
	first := day(t, "2026-11-01")
	var all sync.WaitGroup
	for i := range 8 {
		all.Go(func() {
			for d := first; d < first+60; d += 20 {
				if err := book.Load(t.Context(), d.Month()); err != nil {
					t.Error(err)
					return
				}
				part := fmt.Sprintf("brand-%d", i)
				book.Set(d, part, snapshot.Entry{Rows: int64(i)})
				if err := book.Save(t.Context()); err != nil {
					t.Error(err)
				}
				if e, ok := book.Entry(d, part); !ok || e.Rows != int64(i) {
					t.Errorf("%s %s: %+v, %v", d, part, e, ok)
				}
			}
		})
	}
	all.Wait()
	again := openBook(b)
	load(t, again, "2026-11", "2026-12")
	for i := range int64(8) {
		for d := first; d < first+60; d += 20 {
			if e, ok := again.Entry(d, fmt.Sprintf("brand-%d", i)); !ok || e.Rows != i {
				t.Errorf("%s brand-%d: %+v, %v", d, i, e, ok)
			}
		}
	}
}

func TestABookReadsMonthsSideBySideAndTellsOfAllThatCannotBeUsed(t *testing.T) {
	b := openBucket(t)
	key := func(month string) string { return strings.Replace(novemberKey, "2026-11", month, 1) }
	months := []string{"2026-06", "2026-07", "2026-08", "2026-09", "2026-10", "2026-11"}
	for _, month := range months {
		b.put(t, key(month), ledger(month, dated(t, month+"-05", 5)))
	}
	b.put(t, key("2026-07"), "{")
	b.put(t, key("2026-10"), "[")
	book := openBook(b)
	before := b.cloud.Requests()["s3:GetObject"]
	err := book.Load(t.Context(), append(months, months...)...)
	if err == nil || !strings.Contains(err.Error(), "2026-07.json cannot be used") || !strings.Contains(err.Error(), "2026-10.json cannot be used") {
		t.Errorf("%v", err)
	}
	if n := b.cloud.Requests()["s3:GetObject"] - before; n != len(months) {
		t.Errorf("%d requests for %d months", n, len(months))
	}
	for _, month := range []string{"2026-06", "2026-08", "2026-09", "2026-11"} {
		if e, ok := book.Entry(day(t, month+"-05"), "purchases"); !ok || e.Rows != 5 {
			t.Errorf("%s: %+v, %v", month, e, ok)
		}
	}
	b.wire.deny(http.MethodGet)
	another := openBook(b)
	wantError(t, "denied beside broken ones", another.Load(t.Context(), months...), snapshot.ErrDenied)
}
