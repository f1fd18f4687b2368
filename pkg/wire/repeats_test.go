package wire_test

import (
	"math/rand/v2"
	"slices"
	"testing"

	"yardstick/pkg/wire"

	"pgregory.net/rapid"
)

func TestRepeatsIsWhetherASetIsSmaller(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		value := rapid.OneOf(rapid.Uint64(), rapid.Uint64Range(0, 200), rapid.Uint64Range(1<<64-200, 1<<64-1))
		fingerprints := rapid.SliceOfN(value, 0, 40).Draw(t, "fingerprints")
		before, set := slices.Clone(fingerprints), map[uint64]bool{}
		for _, f := range fingerprints {
			set[f] = true
		}
		if got, want := wire.Repeats(fingerprints), len(set) < len(fingerprints); got != want || !slices.Equal(fingerprints, before) {
			t.Fatalf("%v, expected %v, and the fingerprints as they were", got, want)
		}
	})
}

func TestRepeatsFindsOneOfMany(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	fingerprints := make([]uint64, 100_000)
	for i := range fingerprints {
		fingerprints[i] = random.Uint64()
	}
	if wire.Repeats(fingerprints) {
		t.Fatal("none of them comes twice")
	}
	for _, i := range []int{0, 1, 50_000, 99_998} {
		kept := fingerprints[99_999]
		fingerprints[99_999] = fingerprints[i]
		if !wire.Repeats(fingerprints) {
			t.Errorf("the one at %d comes twice", i)
		}
		fingerprints[99_999] = kept
	}
}

func BenchmarkRepeats(b *testing.B) {
	random := rand.New(rand.NewPCG(1, 2))
	fingerprints := make([]uint64, 100_000)
	for i := range fingerprints {
		fingerprints[i] = random.Uint64()
	}
	for b.Loop() {
		if wire.Repeats(fingerprints) {
			b.Fatal("none of them comes twice")
		}
	}
}
