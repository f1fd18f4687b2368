package scrunch

import (
	"errors"
	"strings"
	"testing"

	"yardstick/pkg/credential"
	"yardstick/pkg/credential/credentialtest"
	"yardstick/pkg/simulator"
)

func TestAnotherKeyIsTriedWithoutTheSecret(t *testing.T) {
	const second = "the-second-key-of-the-organization"
	keys := []simulator.ScrunchKey{{Key: firstKey}, {Key: second, Brands: []int{simulator.FirstBrand}}}
	inScrunch(t, simulator.ScrunchConfig{Keys: keys}, func(w *world, _ *simulator.Scrunch) {
		brands, err := w.source.With(credential.NewSecret(second)).Listed(w.Context())
		if err != nil || len(brands) != 1 {
			t.Errorf("%d brands, %v", len(brands), err)
		}
		if n := w.vault.Count(credentialtest.Current); n != 0 || w.source.KeyVersion() != "" {
			t.Errorf("the secret was read %d times, version %q", n, w.source.KeyVersion())
		}
		if brands, err = w.source.Listed(w.Context()); err != nil || len(brands) != 3 {
			t.Errorf("with the stored key %d brands, %v", len(brands), err)
		}
		if _, version := w.vault.Held(keySecret); w.source.KeyVersion() != version {
			t.Errorf("version %q", w.source.KeyVersion())
		}
	})
}

func TestAKeyThatIsTriedAndRefusedIsNotReplacedByTheStoredOne(t *testing.T) {
	inScrunch(t, simulator.ScrunchConfig{}, func(w *world, s *simulator.Scrunch) {
		_, err := w.source.With(credential.NewSecret("CANARY-of-a-key")).Listed(w.Context())
		if !errors.Is(err, credential.ErrRefused) || strings.Contains(err.Error(), "CANARY") {
			t.Errorf("got %v", err)
		}
		if n := len(s.Requests()); n != 1 {
			t.Errorf("%d requests", n)
		}
	})
}
