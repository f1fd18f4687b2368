package snapshot_test

import "testing"

func TestNewestIsTheLastDayThatTheBucketHas(t *testing.T) {
	b := openBucket(t)
	book := openBook(b)
	expect := func(when, month string, rows int64) {
		t.Helper()
		if got, ok := book.Newest(month, "purchases"); ok != (rows > 0) || got.Rows != rows {
			t.Errorf("%s: %d rows (%v), expected %d", when, got.Rows, ok, rows)
		}
	}
	set := func(text string, rows int64) {
		t.Helper()
		book.Set(day(t, text), "purchases", entry(t, text, rows))
	}
	expect("nothing is loaded", "2026-11", 0)
	load(t, book, "2026-10", "2026-11")
	expect("there is nothing", "2026-11", 0)
	set("2026-10-30", 30)
	expect("October is not saved", "2026-11", 0)
	save(t, book)
	expect("October alone", "2026-11", 30)
	set("2026-11-02", 2)
	expect("November is not saved", "2026-11", 0)
	set("2026-11-01", 1)
	save(t, book)
	expect("both", "2026-11", 2)
	set("2026-10-31", 31)
	expect("an older month is not saved, and is not asked for", "2026-11", 2)
	expect("December is not loaded", "2026-12", 0)
	load(t, book, "2026-12")
	expect("December is empty", "2026-12", 2)
	if got, ok := book.Newest("2026-12", "another"); ok {
		t.Errorf("another part: %+v", got)
	}
}
