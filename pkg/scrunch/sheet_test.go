package scrunch

import (
	"context"
	"fmt"
	"maps"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
	"yardstick/pkg/snapshot/snapshottest"

	"yardstick/pkg/credential/credentialtest"
	"yardstick/pkg/rest"

	"pgregory.net/rapid"
)

// sheet is a server's observations of one brand and day, of which it makes a report as the vendor's document says: the
// filters act before the rows are grouped.
type sheet struct {
	observations []map[string]string // by dimension, each value as JSON
	most         int                 // rows of an answer whatever its limit says; 0: as many as are asked for
	keepsNull    bool                // a negation lets null through; SQL's does not
	deaf         string              // a filter by this dimension is ignored
	order        *rand.Rand          // of the rows, anew for each answer; nil: the observations' own
	asked        []url.Values        // every /query
}

func (s *sheet) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	if strings.HasSuffix(r.URL.Path, "/brands") {
		_, _ = w.Write([]byte(`{"total":1,"items":[{"id":101,"name":"Larkspur Running"}]}`))
		return
	}
	q := r.URL.Query()
	s.asked = append(s.asked, q)
	rows := s.rows(strings.Split(q.Get("fields"), ","), q["filters"])
	if s.order != nil {
		s.order.Shuffle(len(rows), func(i, j int) { rows[i], rows[j] = rows[j], rows[i] })
	}
	limit, offset := whole(q.Get("limit")), whole(q.Get("offset"))
	if s.most > 0 {
		limit = min(limit, s.most)
	}
	from := min(offset, len(rows))
	_, _ = w.Write([]byte("[" + strings.Join(rows[from:min(from+limit, len(rows))], ",") + "]"))
}

func whole(text string) int {
	n, err := strconv.Atoi(text)
	if err != nil {
		panic(err)
	}
	return n
}

// rows are those of a report with the only metric responses.
func (s *sheet) rows(fields, filters []string) (rows []string) {
	counts := map[string]int{}
	for _, o := range s.observations {
		if !s.passes(o, filters) {
			continue
		}
		row := ""
		for _, f := range fields {
			if f != "responses" {
				row += fmt.Sprintf("%q:%s,", f, o[f])
			}
		}
		if counts[row]++; counts[row] == 1 {
			rows = append(rows, row)
		}
	}
	for i, row := range rows {
		rows[i] = fmt.Sprintf(`{%s"responses":%d}`, row, counts[row])
	}
	return rows
}

func (s *sheet) passes(o map[string]string, filters []string) bool {
	for _, f := range filters {
		dimension, texts, _ := strings.Cut(f, ":")
		texts, not := strings.CutPrefix(texts, "!")
		value := o[dimension]
		text, err := strconv.Unquote(value)
		if err != nil {
			text = value // a number or a truth value
		}
		among := slices.Contains(strings.Split(texts, "|"), text)
		switch {
		case dimension == s.deaf:
		case value == "null" && !(not && s.keepsNull), value != "null" && among == not:
			return false
		}
	}
	return true
}

// direct takes a request to a handler without a network.
type direct struct{ http.Handler }

func (d *direct) RoundTrip(r *http.Request) (*http.Response, error) {
	answer := httptest.NewRecorder()
	d.ServeHTTP(answer, r)
	return answer.Result(), nil
}

// directly is a run's source for the report "asked", without a network before it.
type directly struct {
	*Source
	server direct
}

func newDirectly(t rapid.TB, fields ...string) *directly {
	t.Helper()
	d := &directly{}
	pace := rest.NewPace(time.Now)
	client, err := rest.New(rest.Config{BaseURL: "http://" + address + "/v1", Transport: &d.server, Pace: pace, Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	vault := credentialtest.NewMemory()
	vault.Store(keySecret, firstKey)
	d.Source = New(Config{Client: client, Pace: pace, Vault: vault, KeySecret: keySecret,
		Reports: []Report{{Name: "asked", Fields: append(slices.Clone(fields), "responses")}}})
	return d
}

// read reads the closed day from a server, into sorted lines.
func (d *directly) read(t rapid.TB, server http.Handler) (lines []string, err error) {
	t.Helper()
	d.server.Handler = server
	spool := snapshottest.NewSpool(t)
	defer func() { _ = spool.Close() }()
	if _, err := d.Read(context.Background(), window("asked", closed), spool); err != nil {
		return nil, err
	}
	return snapshottest.Lines(t, spool), nil
}

// readSheet reads the closed day of a report whose fields are those and responses.
func readSheet(t rapid.TB, server http.Handler, fields ...string) (lines []string, err error) {
	t.Helper()
	return newDirectly(t, fields...).read(t, server)
}

// lines are a sheet's rows as they are exported.
func (s *sheet) lines(fields ...string) []string {
	lines := s.rows(append(fields, "responses"), nil)
	for i, row := range lines {
		lines[i] = `{"brand_id":101,"brand_name":"Larkspur Running",` + row[1:]
	}
	slices.Sort(lines)
	return lines
}

// each makes an observation for every combination of values.
func each(values map[string][]string) (all []map[string]string) {
	all = []map[string]string{{"date": `"20261117"`}}
	for _, dimension := range slices.Sorted(maps.Keys(values)) {
		var more []map[string]string
		for _, o := range all {
			for _, v := range values[dimension] {
				next := maps.Clone(o)
				next[dimension] = v
				more = append(more, next)
			}
		}
		all = more
	}
	return all
}

// numbers are JSON numbers from 1 on.
func numbers(n int) (all []string) {
	for i := range n {
		all = append(all, strconv.Itoa(i+1))
	}
	return all
}
