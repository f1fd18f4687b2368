package scrunch

import (
	"errors"
	"math/rand/v2"
	"slices"
	"testing"

	"yardstick/pkg/export"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// randomSheet draws observations of few values, so that rows are counted together and slices are of many sizes.
func randomSheet(t *rapid.T, nulls bool) *sheet {
	values := map[string][]string{
		"ai_platform": {`"ChatGPT"`, `"Claude"`, `"Google AI Mode"`}, "stage": {`"Advice"`, `"Other"`, `"A\u0062c"`}, "branded": either,
		"prompt_id": numbers(9), "country": {`"US"`, `"GB"`, `null`}, "tag": {`"a|b"`, `"!c"`, `""`, `null`},
	}
	if nulls {
		for _, dimension := range slicing {
			if rapid.Bool().Draw(t, "null in "+dimension) {
				values[dimension] = append(values[dimension], `null`)
			}
		}
	}
	s := &sheet{most: rapid.IntRange(0, 12).Draw(t, "cap"), keepsNull: rapid.Bool().Draw(t, "negation keeps null"),
		order: rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "order"), 0))}
	for range rapid.IntRange(0, 80).Draw(t, "observations") {
		o := map[string]string{"date": `"20261117"`}
		for _, dimension := range []string{"ai_platform", "stage", "branded", "prompt_id", "country", "tag"} {
			o[dimension] = rapid.SampledFrom(values[dimension]).Draw(t, dimension)
		}
		s.observations = append(s.observations, o)
	}
	return s
}

func randomFields(t *rapid.T) []string {
	all := rapid.Permutation([]string{"ai_platform", "stage", "branded", "prompt_id", "country", "tag"}).Draw(t, "fields")
	return append([]string{"date"}, all[:rapid.IntRange(1, len(all)).Draw(t, "number of fields")]...)
}

// couldBeSliced says whether the rows of every combination of slicing dimensions fit into one answer.
func (s *sheet) couldBeSliced(fields []string) bool {
	if s.most == 0 {
		return true
	}
	rows, counts := map[string]bool{}, map[string]int{}
	for _, o := range s.observations {
		row, slice := "", ""
		for _, f := range fields {
			row += o[f] + " "
			if slices.Contains(slicing[:], f) {
				slice += o[f] + " "
			}
		}
		if !rows[row] {
			rows[row] = true
			counts[slice]++
		}
	}
	for _, n := range counts {
		if n > s.most {
			return false
		}
	}
	return true
}

func isKind(err error, kind export.Kind) bool {
	known, ok := errors.AsType[*export.Error](err)
	return ok && known.Kind == kind
}

// A report is whole and holds no row twice, or it is incomplete. Where the vendor keeps to its document and slices can
// be small enough, it is whole.
func TestAReportIsWholeOrIncompleteOverRandomObservations(t *testing.T) {
	whole, sliced, incomplete := 0, 0, 0
	rapid.Check(t, func(t *rapid.T) {
		nulls := rapid.Bool().Draw(t, "nulls")
		s, fields := randomSheet(t, nulls), randomFields(t)
		want := s.lines(fields...)
		lines, err := readSheet(t, s, fields...)
		switch {
		case isKind(err, export.Incomplete):
			incomplete++
			if !nulls && s.couldBeSliced(fields) {
				t.Fatalf("%v; expected it to be whole", err)
			}
		case err != nil:
			t.Fatal(err)
		default:
			whole++
			if s.most > 0 && len(want) > s.most {
				sliced++
			}
			if !slices.Equal(want, lines) {
				t.Fatalf("(-there +kept)\n%s", cmp.Diff(want, lines))
			}
		}
	})
	if whole == 0 || sliced == 0 || incomplete == 0 {
		t.Errorf("%d whole, %d of them by slices, %d incomplete; expected some of each", whole, sliced, incomplete)
	}
}

// Several days of one brand and report are read in turn: what one shows to be whole must not hide that another is cut off.
func TestADayIsNeverShortBecauseOfTheDayBefore(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		most := rapid.IntRange(1, 5).Draw(t, "cap")
		days := rapid.SliceOfN(rapid.IntRange(0, 9), 2, 6).Draw(t, "rows of each day")
		source := newDirectly(t, "date", "country")
		for _, n := range days {
			s := &sheet{observations: each(map[string][]string{"country": numbers(n)}), most: most, order: rand.New(rand.NewPCG(1, 1))}
			lines, err := source.read(t, s)
			if n > most && !isKind(err, export.Incomplete) || n <= most && (err != nil || !slices.Equal(lines, s.lines("date", "country"))) {
				t.Fatalf("days of %v rows, at most %d: %d rows, %v", days, most, len(lines), err)
			}
		}
	})
}
