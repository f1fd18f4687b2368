package snapshottest

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"yardstick/pkg/snapshot"
)

func TestAStoreThatKeepsTheContractPasses(t *testing.T) {
	for name, store := range map[string]snapshot.Store{"one with switches for faults, all off": newMemory(faults{}), "the bucket of other rooms' tests": &Bucket{}} {
		t.Run(name, func(t *testing.T) { Suite(t, store, Options{}) })
	}
}

func TestAListedDeviationIsNoFailure(t *testing.T) {
	Suite(t, newMemory(faults{quoteETags: true}), Options{Deviations: []string{"round-trip"}})
}

// TestEveryBrokenPromiseIsFound runs the checks over stores that break one promise each.
func TestEveryBrokenPromiseIsFound(t *testing.T) {
	for name, c := range map[string]struct {
		faults faults
		broken []string
	}{
		"none":                           {faults{}, nil},
		"create-only is ignored":         {faults{ignoreCreateOnly: true}, []string{"create-only", "race-create-only"}},
		"if-match is ignored":            {faults{ignoreIfMatch: true}, []string{"if-match", "race-if-match"}},
		"if-match creates":               {faults{createOnIfMatch: true}, []string{"if-match-missing"}},
		"metadata is merged":             {faults{mergeMetadata: true}, []string{"overwrite-replaces-metadata"}},
		"ETags with quotes":              {faults{quoteETags: true}, []string{"round-trip"}},
		"content type is lost":           {faults{dropContentType: true}, []string{"overwrite-replaces-metadata", "round-trip"}},
		"body from where the reader is":  {faults{seekNothing: true}, []string{"body-from-its-beginning"}},
		"deleting nothing fails":         {faults{failDeleteMissing: true}, []string{"delete"}},
		"folders are walked":             {faults{foldersFirst: true}, []string{"list-order-of-bytes"}},
		"a listing ends with its page":   {faults{onePage: true}, []string{"list-many-pages"}},
		"ended contexts are not noticed": {faults{ignoreContext: true}, []string{"cancelled"}},
		"one ETag for every body": {faults{oneETag: true}, []string{
			"if-match", "overwrite-replaces-metadata", "race-if-match",
		}},
		"metadata names in upper case": {faults{upperNames: true}, []string{
			"create-only", "overwrite-replaces-metadata", "race-whole-objects", "round-trip",
		}},
		"after is ignored": {faults{ignoreAfter: true}, []string{
			"list-after", "list-many-pages", "list-order-of-bytes",
		}},
		"after is inclusive": {faults{afterIsInclusive: true}, []string{
			"list-after", "list-many-pages", "list-order-of-bytes",
		}},
		"deleted objects stay": {faults{keepDeleted: true}, []string{
			"create-only-after-delete", "delete", "if-match-missing",
		}},
		"case is folded": {faults{foldCase: true}, []string{
			"list-order-of-bytes", "special-keys",
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			store := newMemory(c.faults)
			var broken []string
			for _, check := range checks() {
				s := scope{store: store, prefix: check.name + "/", keys: 30, large: 1 << 10}
				if err := check.run(t.Context(), s); err != nil {
					broken = append(broken, check.name)
				}
			}
			slices.Sort(broken)
			if diff := cmp.Diff(c.broken, broken); diff != "" {
				t.Errorf("checks that fail (-want +got):\n%s", diff)
			}
		})
	}
}
