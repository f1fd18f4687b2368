package snapshot_test

import (
	"bytes"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"yardstick/pkg/schema"
	"yardstick/pkg/snapshot"
	"yardstick/pkg/snapshot/snapshottest"
)

// inferred is an observer that infers a schema, as an export has one.
type inferred struct {
	schema.Schema
	missed, followed int
}

func (o *inferred) Observe(line []byte) {
	if o.Schema.Observe(line) != nil {
		o.missed++
	}
}

func (o *inferred) Keep() {
	o.Schema.Keep()
	o.followed++
}

func (o *inferred) Reset() {
	o.Schema.Reset()
	o.missed = 0
}

// spaced spells a value with white space here and there.
func spaced(t *rapid.T, v value) string {
	var b strings.Builder
	v.write(&b, func() string { return rapid.SampledFrom([]string{"", "", "", " ", "\n", "\t\r "}).Draw(t, "space") })
	return b.String()
}

// dictionaries draws objects of many names, such as are data.
var dictionaries = rapid.Custom(func(t *rapid.T) string {
	var members []string
	for i := range rapid.SampledFrom([]int{3, 490, 600}).Draw(t, "width") {
		members = append(members, fmt.Sprintf(`"n%d":%d`, i, i))
	}
	members = append(members, rapid.SliceOfN(rapid.SampledFrom([]string{`"x":0`, `"N1":0`, `"n2":0`, `"\u006e2":0`}), 0, 2).Draw(t, "more")...)
	form := rapid.SampledFrom([]string{`{"a":{%s},"b":1}`, `{"b":[{%s},{}]}`, `{%s}`}).Draw(t, "form")
	return fmt.Sprintf(form, strings.Join(members, ","))
})

// twisted draws a record that is like another but for a name, a few bytes or an end.
func twisted(t *rapid.T, record string) string {
	switch rapid.IntRange(0, 3).Draw(t, "twist") {
	case 0:
		return strings.Replace(record, `"a"`, rapid.SampledFrom([]string{`"A"`, `"b"`, `"\u0061"`, `"PurchaseId"`, `"purchaseID"`}).Draw(t, "name"), 1)
	case 1:
		return strings.Replace(record, `{`, rapid.SampledFrom([]string{`{"a":1,`, `{"B":[],`, `{ "b":1,`, `{"K":{"a":1},`}).Draw(t, "member"), 1)
	case 2:
		return record + rapid.SampledFrom([]string{"\n", " ", "0", "}"}).Draw(t, "end")
	}
	at := rapid.IntRange(0, len(record)).Draw(t, "at")
	return record[:at] + rapid.SampledFrom([]string{" ", ",", `"`, "1", "\x01", "\xff", "e5"}).Draw(t, "with") + record[at:]
}

// records draws the records of a window, some of them one after another with like ones.
func records(t *rapid.T, before *[]string) string {
	form := rapid.IntRange(0, 9).Draw(t, "as")
	if len(*before) == 0 {
		form %= 4
	}
	switch {
	case form < 3:
		v := values(3).Draw(t, "record")
		*before = append(*before, v.compact())
		if form == 0 {
			return spaced(t, v)
		}
		return v.compact()
	case form == 3:
		return dictionaries.Draw(t, "dictionary")
	case form < 8:
		return rapid.SampledFrom(*before).Draw(t, "again")
	}
	return twisted(t, rapid.SampledFrom(*before).Draw(t, "like"))
}

// A spool with an observer goes another way, and says the same of every record: its line, its fault and the
// names that collide in it.
func TestAnObserverChangesNothingOfASpool(t *testing.T) {
	plain, observed := openSpool(t), openSpool(t)
	followed := 0
	rapid.Check(t, func(t *rapid.T) {
		observer := new(inferred)
		observed.Observer = observer
		observed.Sorted = rapid.Bool().Draw(t, "sorted")
		plain.Sorted = observed.Sorted
		var before []string
		for range rapid.IntRange(1, 2).Draw(t, "windows") {
			var omit []string
			if rapid.IntRange(0, 3).Draw(t, "omits") == 0 {
				omit = pointers().Draw(t, "omit")
			}
			begin(t, plain, omit)
			begin(t, observed, omit)
			for range rapid.IntRange(0, 12).Draw(t, "records") {
				record := records(t, &before)
				want, fault := plain.Append([]byte(record))
				got, err := observed.Append([]byte(record))
				if !bytes.Equal(got, want) || fmt.Sprint(err) != fmt.Sprint(fault) {
					t.Fatalf("%q: line %q and error %v, expected %q and %v", record, got, err, want, fault)
				}
				if again, err := observed.Line([]byte(record)); !bytes.Equal(again, want) || (err == nil) != (fault == nil) {
					t.Fatalf("%q: line %q, and asked again %q, %v", record, want, again, err)
				}
				if want, got := plain.Collisions(), observed.Collisions(); !slices.Equal(got, want) {
					t.Fatalf("%q: collisions %q, expected %q", record, got, want)
				}
			}
			holdTheSame(t, plain, observed, observer)
		}
		followed += observer.followed
	})
	if followed == 0 {
		t.Error("no record was followed")
	}
}

// Records that are found behind a head and taken, several of them at once, are what their lines are. Those that are left
// are nothing.
func TestRecordsThatAreTakenAreWhatTheirLinesAre(t *testing.T) {
	plain, observed := openSpool(t), openSpool(t)
	taken := 0
	rapid.Check(t, func(t *rapid.T) {
		observer := new(inferred)
		observed.Observer = observer
		begin(t, plain, nil)
		begin(t, observed, nil)
		var before, followed []string
		for range rapid.IntRange(0, 12).Draw(t, "records") {
			record := records(t, &before)
			if !strings.HasPrefix(record, "{") {
				continue
			}
			head := rapid.SampledFrom([]string{``, `{`, `{"brand":1,`}).Draw(t, "head")
			text := record + rapid.SampledFrom([]string{``, `,{"a":1}`, `}`, `]`, ` `}).Draw(t, "behind")
			if length := observed.Follow([]byte(head), []byte(text)).Length; length > 0 {
				followed = append(followed, headed(head, text[:length]))
			} else {
				followed = nil
				addBoth(t, plain, headed(head, record), func(line string) (snapshot.Line, error) { return observed.Append([]byte(line)) }, observed)
				continue
			}
			switch rapid.SampledFrom([]string{"later", "take", "leave"}).Draw(t, "then") {
			case "take":
				for _, line := range followed {
					taken++
					addBoth(t, plain, line, func(string) (snapshot.Line, error) { return observed.Take() }, observed)
				}
				followed = nil
			case "leave":
				mark, err := observed.Mark()
				if err := errors.Join(err, observed.Rollback(mark)); err != nil {
					t.Fatal(err)
				}
				if observed.Rows() == 0 {
					begin(t, plain, nil)
				}
				followed = nil
			}
		}
		holdTheSame(t, plain, observed, observer)
	})
	if taken == 0 {
		t.Error("no record was taken")
	}
}

func headed(head, record string) string {
	if len(head) > 1 {
		return head + record[1:]
	}
	return record
}

// addBoth adds a line to a spool, and to another in a way of its own.
func addBoth(t *rapid.T, plain *snapshot.Spool, line string, add func(line string) (snapshot.Line, error), other *snapshot.Spool) {
	t.Helper()
	want, fault := plain.Append([]byte(line))
	if got, err := add(line); !bytes.Equal(got, want) || fmt.Sprint(err) != fmt.Sprint(fault) || other.Rows() != plain.Rows() {
		t.Fatalf("%q: %q, %v, %d rows; expected %q, %v, %d", line, got, err, other.Rows(), want, fault, plain.Rows())
	}
}

func TestNothingIsTakenThatWasNotFollowed(t *testing.T) {
	s := openSpool(t)
	s.Observer = new(inferred)
	add(t, s, `{"a":1}`)
	if length := s.Follow(nil, []byte(`{"a":2},{"a":3}`)).Length; length != len(`{"a":2}`) {
		t.Fatalf("%d bytes were followed", length)
	}
	if _, err := s.Take(); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Take(); err == nil {
		t.Error("a record was taken that was not followed")
	}
	wantObject(t, s, `{"a":1}`, `{"a":2}`)
}

func begin(t *rapid.T, s *snapshot.Spool, omit []string) {
	t.Helper()
	e, err := snapshot.NewEncoder(omit)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Begin(e); err != nil {
		t.Fatal(err)
	}
}

// holdTheSame ends the window of both spools. The observer of the second knows what one knows that was shown its lines.
func holdTheSame(t *rapid.T, plain, observed *snapshot.Spool, observer *inferred) {
	t.Helper()
	want, _, wantText := object(t, plain)
	got, _, text := object(t, observed)
	if want != got || text != wantText {
		t.Fatalf("%+v\n%s\nexpected %+v\n%s", got, text, want, wantText)
	}
	if err := observed.Observed(); err != nil {
		t.Fatal(err)
	}
	fresh := new(inferred)
	for _, line := range snapshottest.Lines(t, observed) {
		fresh.Observe([]byte(line))
	}
	if fresh.missed != observer.missed {
		t.Fatalf("%d lines were missed, expected %d", observer.missed, fresh.missed)
	}
	if want, got := fresh.Document(), observer.Document(); !reflect.DeepEqual(got, want) {
		t.Fatalf("-wanted +observed\n%s", cmp.Diff(want, got))
	}
}
