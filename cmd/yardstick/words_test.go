package main

import (
	"testing"
	"time"
)

func TestNumbersTimesAndSizesReadWell(t *testing.T) {
	for got, want := range map[string]string{
		number(0): "0", number(999): "999", number(1000): "1,000", number(-1234567): "-1,234,567", number(-123): "-123",
		counted(1, "row"): "1 row", counted(2000, "row"): "2,000 rows",
		length(0): "0s", length(59*time.Second + 400*time.Millisecond): "59s", length(59*time.Second + 900*time.Millisecond): "1m",
		length(90 * time.Second): "1m 30s", length(15 * time.Minute): "15m", length(59*time.Minute + 50*time.Second): "59m",
		length(8*time.Hour + 40*time.Minute): "8h 40m", length(52 * time.Hour): "2d 4h",
		size(1): "1 byte", size(812): "812 bytes", size(1234): "1.2 kB", size(34_500_000): "34 MB", size(999_999): "1000 kB",
		quoted("a/b-1.yaml"): "a/b-1.yaml", quoted("my data"): "'my data'", quoted("it's"): `'it'\''s'`, quoted(""): "''",
		wrapped("one two three", 8): "one two\n  three", wrapped("one two three", 0): "one two three",
		broken("one two three", 9, "  ", ` \`): "one two \\\n  three", broken("one two three", 11, "    ", ""): "one two\n    three",
	} {
		if got != want {
			t.Errorf("%q, expected %q", got, want)
		}
	}
}
