package export

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/klauspost/compress/gzip"

	"yardstick/pkg/schema"
	"yardstick/pkg/snapshot"
)

const (
	// toldVersion is the form of what is remembered of what was told. What has another one is as good as nothing.
	toldVersion = 1
	// maxQuiet is how many runs that changed nothing are remembered until one does.
	maxQuiet = 10
	// maxDrifts is how many members a result names of a dataset.
	maxDrifts = 50
)

// Trace is what a run knows of an account's part of the bucket when it ends, for those who tell of it without reading it
// again.
type Trace struct {
	// Changed says that there is something to tell: a part was written, or settled; or an event asked for certain work, which
	// was done; or the account did not end complete; or the run before this one did not, or was killed. Where it is false
	// everything is as the last run that had it true left it, but for the times of reading.
	Changed bool
	// Whole says that the datasets' ledgers are all that there are: no run had the account before.
	Whole bool
	// What the run asked of the vendor, for an estimate: requests, the parts that they sufficed for, and the pace granted now,
	// 0 where no limit is known.
	Requests, Done, PerMinute int

	Quiet    []Quiet // the last runs before this one that had nothing to tell, oldest first, ten at most
	Datasets []DatasetTrace
}

// Quiet is a run that was complete and changed nothing.
type Quiet struct {
	Run      string    `json:"run"`
	Time     time.Time `json:"time"` // its clock
	Requests int       `json:"requests"`
	Rows     int64     `json:"rows"` // read
}

// DatasetTrace is what a run knows of a dataset.
type DatasetTrace struct {
	Dataset string
	Parts   []string          // wanted; nil: they are not known
	Ledgers []snapshot.Ledger // the months that the run looked at, as they are now
	Lacking []snapshot.Name   // of these months, parts that are wanted and not there as they are wanted
	First   snapshot.Day      // the first of these months' days; 0: none
	// Schema is of the lines that the run wrote, where they have a member or a kind of value that those of earlier runs had
	// not, or lack one that those had, or First is earlier than any day was; else nil.
	Schema *schema.Schema
	// Known is, beside a Schema of lines, of all lines that runs wrote as far as the lease remembers them, these included. Whoever
	// tells of the Schema has to have all of it: what an earlier run told may be lost.
	Known *schema.Schema
}

// told is what runs remember of what they told of an account, in its lease. The zero told is nothing: there is more to
// tell then, and no drift is seen.
type told struct {
	Version int    `json:"version"`
	Status  Status `json:"status"` // of the last run that had the account
	// Tidy is when a run last saw that the bucket has no unfinished window, if none was saved since; zero: there may be one.
	Tidy  time.Time `json:"tidy,omitzero"`
	Quiet []Quiet   `json:"quiet,omitempty"`
	// By dataset, of all that runs wrote: the schema of the lines, as JSON that is compressed, and the first day.
	Schemas map[string][]byte       `json:"schemas,omitempty"`
	First   map[string]snapshot.Day `json:"first,omitempty"`
}

// readTold takes up what an earlier run left: nothing, where that is missing, broken or of another form.
func readTold(text json.RawMessage) told {
	var t told
	if json.Unmarshal(text, &t) != nil || t.Version != toldVersion {
		return told{}
	}
	return t
}

// trace is what the run knows when its work is done and it is concluded, and what the next one shall remember.
func (r *accountRun) trace(before told, l *lease) told {
	now := told{Version: toldVersion, Status: r.result.Status, Schemas: maps.Clone(before.Schemas), First: maps.Clone(before.First)}
	asked := r.event.Ranged() && r.done > 0       // somebody wants to see it
	owed := !l.whole || before.Status != Complete // the run before told nothing, or something that may not hold any more
	if !r.untidy {
		now.Tidy = r.planner.tidy
	}
	t := &Trace{Changed: r.changed || asked || owed || r.result.Status != Complete, Whole: l.first && !r.event.Ranged(),
		Requests: r.result.Requests, Done: r.done, PerMinute: r.account.Vendor.Usage().PerMinute, Quiet: before.Quiet}
	for i, d := range r.datasets {
		x := DatasetTrace{Dataset: d.Name, Parts: d.parts, Ledgers: d.book.Ledgers(), Lacking: r.lacking(d)}
		if len(x.Ledgers) > 0 {
			x.First = slices.Min(slices.Collect(maps.Keys(x.Ledgers[0].Days)))
		}
		if d.written != nil && d.written.Records() > 0 && r.drift(&now, d, &r.result.Datasets[i]) {
			x.Schema = d.written
		}
		if was, ok := now.First[d.Name]; x.First != 0 && (!ok || x.First < was) {
			if now.First == nil {
				now.First = map[string]snapshot.Day{}
			}
			now.First[d.Name] = x.First
			if x.Schema = d.written; x.Schema == nil {
				x.Schema = &schema.Schema{}
			}
		}
		if x.Schema != nil {
			x.Known, _ = unpack(now.Schemas[d.Name]) // what cannot be unpacked was told of before
		}
		t.Datasets = append(t.Datasets, x)
	}
	if !t.Changed {
		now.Quiet = r.quiet(before.Quiet)
	}
	r.result.Trace = t
	return now
}

// quiet are the runs that changed nothing, with this one.
func (r *accountRun) quiet(before []Quiet) []Quiet {
	var rows int64
	for _, d := range r.result.Datasets {
		rows += d.Rows
	}
	all := append(slices.Clone(before), Quiet{Run: r.publisher.Run, Time: r.clock, Requests: r.result.Requests, Rows: rows})
	return all[max(0, len(all)-maxQuiet):]
}

// lacking are the parts of a dataset that are due because the bucket has them not as they are wanted.
func (r *accountRun) lacking(d *dataset) (names []snapshot.Name) {
	for _, t := range r.planner.tasks {
		if t.dataset == d && !t.done && t.entry.Key == "" {
			names = append(names, t.name)
		}
	}
	return names
}

// look looks at the lines of a window that was written, or is vouched for from now on, and notes in its entry what there is
// to know of them. What is known already is taken over from the entry before, however that was asked.
func (r *accountRun) look(t *task, e *snapshot.Entry, known bool, spool *watched) error {
	former, _ := t.dataset.book.Entry(t.name.Day, t.name.Part)
	e.Unreadable, e.Revised = former.Unreadable, former.Revised
	if former.SHA256 != e.SHA256 {
		e.Revised = former.Revise(r.publisher.Run, t.clock)
	}
	if !known {
		if err := spool.Observed(); err != nil {
			return err
		}
		e.Unreadable = spool.seen.unreadable()
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.changed = r.changed || !known || e.Settled != former.Settled
	if !known {
		if t.dataset.written == nil {
			t.dataset.written = &schema.Schema{}
		}
		t.dataset.written.Merge(&spool.seen.Schema)
	}
	return nil
}

// drift compares the members of the lines that were written with those of all lines before, tells what differs, and
// remembers them. It answers whether there is anything new in them. What the lease remembers is small: names and counts.
func (r *accountRun) drift(t *told, d *dataset, result *DatasetResult) bool {
	known, err := unpack(t.Schemas[d.Name])
	if err != nil {
		r.Log.Warn("what was known of the members is not: no drift is seen", "dataset", d.Name, "error", err)
	}
	found := schema.Diff(known, d.written)
	if len(found) > 0 {
		result.Drift, result.Drifted = found[:min(len(found), maxDrifts)], len(found)
		r.warnings = append(r.warnings, drifted(r.account.Name, d.Name, found))
	}
	news := len(found) > 0 || !known.Covers(d.written)
	known.Merge(d.written)
	packed, err := pack(known)
	if err != nil {
		r.Log.Warn("the members are not remembered: no drift will be seen", "dataset", d.Name, "error", err)
		return news
	}
	if t.Schemas == nil {
		t.Schemas = map[string][]byte{}
	}
	t.Schemas[d.Name] = packed
	return news
}

// drifted is the warning of a drift.
func drifted(account, dataset string, found []schema.Drift) Warning {
	const named = 5
	message := ""
	for i, d := range found[:min(len(found), named)] {
		if i > 0 {
			message += ", "
		}
		message += shown(d.Path) + " " + string(d.Change)
	}
	if more := len(found) - named; more > 0 {
		message += fmt.Sprintf(", and %d more", more)
	}
	return Warning{Kind: "schema_drift", Account: account, Dataset: dataset, Message: "members that are not as before: " + message}
}

// shown is a member's path, fit for a line of a warning: what is invisible in it is escaped, and a long one is cut.
func shown(path string) string {
	const longest = 100
	var text strings.Builder
	written := 0
	for _, r := range path {
		if written++; written == longest {
			return text.String() + "…"
		}
		if unicode.IsGraphic(r) {
			text.WriteRune(r)
		} else {
			text.WriteString(strings.Trim(strconv.QuoteRuneToASCII(r), "'"))
		}
	}
	return text.String()
}

func pack(s *schema.Schema) ([]byte, error) {
	text, err := json.Marshal(s)
	if err != nil {
		return nil, err
	}
	var packed bytes.Buffer
	zip := gzip.NewWriter(&packed)
	_, err = zip.Write(text)
	if err := errors.Join(err, zip.Close()); err != nil {
		return nil, err
	}
	return packed.Bytes(), nil
}

// unpack is the schema that was packed; an empty one where there is none, or it cannot be used.
func unpack(packed []byte) (*schema.Schema, error) {
	s := &schema.Schema{}
	if len(packed) == 0 {
		return s, nil
	}
	zip, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		return s, err
	}
	text, err := io.ReadAll(zip)
	if err == nil {
		err = json.Unmarshal(text, s)
	}
	if err != nil {
		return &schema.Schema{}, err
	}
	return s, nil
}
