package snapshot

import (
	"encoding/json"
	"strings"
	"testing"
)

// FuzzLedger holds that whatever lies where a ledger should, it is read as what it says or refused with a way out, and
// that what was read is written again as the same ledger.
func FuzzLedger(f *testing.F) {
	for _, text := range []string{
		`{"version":1,"source":"scrapright","dataset":"purchases","account":"main","month":"2026-11","days":{"2026-11-18":{"purchases":` +
			`{"key":"k","rows":2,"pages":1,"bytes":9,"sha256":"x","etag":"e","fetched_at":"2026-11-18T12:00:00Z","settled":true,` +
			`"window":["2026-11-18","2026-11-18"],"spec":"s","total":null,"vanished":0,"changed":0}}}}`,
		`{"version":1,"month":"2026-11","days":{}}`, `{"version":1,"month":"2026-11","days":{"2026-10-31":{}}}`, `{"version":1}`,
		`{"version":1,"days":{"":{"p":{}}}}`, `{"version":1,"month":"2026-11","days":{"2026-11-31":{}}}`, `{"version":1,"days":{"2026-11-18":null}}`,
		`{"version":7,"days":{}}`, `{"version":0}`, `{"Version":1,"VERSION":2}`, `{}`, `[]`, `null`, ``, `{"version":1,"days":`, "\xff",
		`{"version":1,"month":"0000-00","days":{"0000-00-00":{}}}`, `{"version":1,"month":"9999-12","days":{"9999-12-31":{"p":{"rows":-1}}}}`,
	} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		l, err := parseLedger(text)
		if err != nil {
			if says := err.Error(); !strings.Contains(says, ledgerRemedy) && !strings.Contains(says, "newer yardstick") {
				t.Fatalf("%q: %v", text, err)
			}
			return
		}
		if l.Version != ledgerVersion || l.Days == nil {
			t.Fatalf("%q was taken for %+v", text, l)
		}
		for day := range l.Days {
			if _, err := ParseDay(day.String()); err != nil || day.Month() != l.Month {
				t.Fatalf("%q has the day %q in the month %q", text, day, l.Month)
			}
		}
		again, err := json.Marshal(l)
		if err != nil {
			t.Fatalf("%q cannot be written: %v", text, err)
		}
		read, err := parseLedger(again)
		if err != nil {
			t.Fatalf("%q was written as %q: %v", text, again, err)
		}
		if twice, err := json.Marshal(read); err != nil || string(twice) != string(again) {
			t.Fatalf("%q was written as %q and then as %q, %v", text, again, twice, err)
		}
	})
}
