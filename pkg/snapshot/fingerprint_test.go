package snapshot

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// Fingerprints are kept from run to run: they must not change without the versions of what keeps them.
func TestFingerprintsLast(t *testing.T) {
	for text, want := range map[string]uint64{
		"": 0xa90d4906c28a475b, `{"a":1}`: 0xccc60e1c16a75d33, strings.Repeat("x", 100): 0x75bf0d469e662f37,
	} {
		if got := fingerprint([]byte(text)); got != want {
			t.Errorf("%q has %#x, expected %#x", text, got, want)
		}
	}
}

// Lines that differ little have fingerprints that differ as if they were drawn.
func TestFingerprintsAreSpread(t *testing.T) {
	const count = 1 << 18
	seen := make([]uint64, 0, count+200)
	for i := range count {
		seen = append(seen, fingerprint(fmt.Appendf(nil, `{"id":%d,"text":"the same in all of them, and of some length"}`, i)))
	}
	for n := range 200 {
		seen = append(seen, fingerprint(make([]byte, n)))
	}
	for what, part := range map[string]func(uint64) uint64{
		"low": func(v uint64) uint64 { return v & (1<<32 - 1) }, "high": func(v uint64) uint64 { return v >> 32 },
		"middle": func(v uint64) uint64 { return v >> 16 & (1<<32 - 1) }, "whole": func(v uint64) uint64 { return v },
	} {
		parts := make([]uint64, len(seen))
		for i, v := range seen {
			parts[i] = part(v)
		}
		slices.Sort(parts)
		same := len(parts) - len(slices.Compact(parts))
		if most := map[bool]int{true: 0, false: 30}[what == "whole"]; same > most { // 8 pairs of half the bits are to be expected
			t.Errorf("%d of %d are the same in their %s half", same, len(seen), what)
		}
	}
}

// One bit of a line changes half the bits of its fingerprint, wherever it stands.
func TestABitOfALineChangesHalfItsFingerprint(t *testing.T) {
	for _, length := range []int{1, 8, 15, 16, 31, 32, 33, 64, 100} {
		line := make([]byte, length)
		for i := range line {
			line[i] = byte(i*37 + length)
		}
		was, least, most, sum := fingerprint(line), 64, 0, 0
		for bit := range 8 * length {
			line[bit/8] ^= 1 << (bit % 8)
			n := 0
			for changed := fingerprint(line) ^ was; changed != 0; changed &= changed - 1 {
				n++
			}
			least, most, sum = min(least, n), max(most, n), sum+n
			line[bit/8] ^= 1 << (bit % 8)
		}
		if mean := float64(sum) / float64(8*length); least < 12 || most > 52 || mean < 29 || mean > 35 {
			t.Errorf("%d bytes: %d to %d bits change, %.1f on average", length, least, most, mean)
		}
	}
}
