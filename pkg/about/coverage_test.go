package about_test

import (
	"bytes"
	"encoding/json"
	"io"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/klauspost/compress/gzip"
	"pgregory.net/rapid"

	"yardstick/pkg/about"
	"yardstick/pkg/golden"
	"yardstick/pkg/snapshot"
)

// twoLedgers are two datasets of an account, with a day of no rows, and brands whose names sort by number.
func twoLedgers() []snapshot.Ledger {
	chicago := time.FixedZone("CST", -6*3600)
	at := time.Date(2026, 11, 22, 23, 5, 0, 7, chicago)
	return []snapshot.Ledger{
		{Version: 1, Source: "scrunch", Dataset: "prompts", Account: "main", Month: "2026-11", Days: map[snapshot.Day]map[string]snapshot.Entry{
			date("2026-11-22"): {"brand-101": {Rows: 7, FetchedAt: at}, "brand-9": {Rows: 12, FetchedAt: at}}}},
		{Version: 1, Source: "scrunch", Dataset: "brand_daily", Account: "main", Month: "2026-10", Days: map[snapshot.Day]map[string]snapshot.Entry{
			date("2026-10-31"): {"brand-9": {Rows: 1, Settled: true, FetchedAt: at}}, date("2026-10-02"): {"brand-9": {Settled: true, FetchedAt: at}}}},
	}
}

func unpacked(t *testing.T, object []byte) string {
	t.Helper()
	lines, err := gzip.NewReader(bytes.NewReader(object))
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(lines)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestCoverageIsGoldenAndTheSameBytesEachTime(t *testing.T) {
	object, err := about.EncodeCoverage(about.Coverage(twoLedgers()...))
	if err != nil {
		t.Fatal(err)
	}
	golden.Compare(t, "testdata/coverage.json", unpacked(t, object))
	for range 20 { // a map has another order each time
		again, err := about.EncodeCoverage(about.Coverage(twoLedgers()...))
		if err != nil || !bytes.Equal(again, object) {
			t.Fatalf("the same rows make other bytes (%v)", err)
		}
	}
}

func TestCoverageOfNothingIsAnObjectWithoutLines(t *testing.T) {
	object, err := about.EncodeCoverage(about.Coverage())
	if text := unpacked(t, object); err != nil || text != "" {
		t.Errorf("%q (%v), expected no lines", text, err)
	}
}

func TestARowOfCoverageIsSpeltAsJSON(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		row := about.Covered{Day: snapshot.Day(rapid.IntRange(0, 40000).Draw(t, "day")), Source: rapid.String().Draw(t, "source"),
			Dataset: rapid.String().Draw(t, "dataset"), Account: `a"<b>\`, Part: rapid.String().Draw(t, "part"), Rows: rapid.Int64().Draw(t, "rows"),
			Settled: rapid.Bool().Draw(t, "settled"), FetchedAt: time.Unix(rapid.Int64Range(0, 4e9).Draw(t, "at"), 5), Unreadable: 7}
		object, err := about.EncodeCoverage([]about.Covered{row})
		if err != nil {
			t.Fatal(err)
		}
		lines, err := gzip.NewReader(bytes.NewReader(object))
		if err != nil {
			t.Fatal(err)
		}
		var got about.Covered
		if err := json.NewDecoder(lines).Decode(&got); err != nil {
			t.Fatal(err)
		}
		row.FetchedAt = row.FetchedAt.UTC().Truncate(time.Second)
		if diff := cmp.Diff(row, got); diff != "" {
			t.Fatal(diff)
		}
	})
}
