package table_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"yardstick/pkg/scrunch"
	"yardstick/pkg/simulator"
	"yardstick/pkg/table"

	"github.com/google/go-cmp/cmp"
)

// loses says what a reader of a type would not see of a value, "" where nothing: what Athena's JSON SerDe would make NULL,
// round, or pass over without a word.
func loses(kind table.Type, value json.RawMessage) string {
	is := func(ok bool) string {
		if ok {
			return ""
		}
		return fmt.Sprintf("a %s cannot hold %s", kind, value)
	}
	if string(value) == "null" {
		return ""
	}
	switch kind.Kind {
	case table.Bigint:
		_, err := strconv.ParseInt(string(value), 10, 64)
		return is(err == nil)
	case table.Double:
		_, err := strconv.ParseFloat(string(value), 64)
		return is(err == nil)
	case table.Boolean:
		return is(string(value) == "true" || string(value) == "false")
	case table.String: // a number is spelt anew, which a whole one survives
		_, err := strconv.ParseInt(string(value), 10, 64)
		return is(strings.ContainsAny(string(value[:1]), `"{[`) || err == nil)
	case table.Array:
		return elementsLose(*kind.Element, value)
	case table.Struct:
		return membersLose(kind.Members, value)
	}
	return fmt.Sprintf("there is no type %q", kind)
}

func elementsLose(kind table.Type, value json.RawMessage) string {
	var elements []json.RawMessage
	if err := json.Unmarshal(value, &elements); err != nil {
		return err.Error()
	}
	for _, element := range elements {
		if fault := loses(kind, element); fault != "" {
			return fault
		}
	}
	return ""
}

func membersLose(columns []table.Column, value json.RawMessage) string {
	members, err := membersOf(value)
	if err != nil {
		return err.Error()
	}
	for _, m := range members {
		i := slices.IndexFunc(columns, func(c table.Column) bool { return c.Name == m.name })
		if i < 0 {
			return "no column has " + m.name
		}
		if fault := loses(columns[i].Type, m.value); fault != "" {
			return m.name + ": " + fault
		}
	}
	return ""
}

const day = "2026-11-17"

// asked is what a simulated Scrunch answers: the records of a list, or the rows of a report.
func asked(t *testing.T, s *simulator.Scrunch, target string) []json.RawMessage {
	t.Helper()
	request := httptest.NewRequest(http.MethodGet, "/v1"+target, nil)
	request.Header.Set("Authorization", "Bearer a-key")
	answer := httptest.NewRecorder()
	s.ServeHTTP(answer, request)
	page := struct{ Items []json.RawMessage }{}
	into := any(&page)
	if strings.HasPrefix(answer.Body.String(), "[") {
		into = &page.Items
	}
	if err := json.Unmarshal(answer.Body.Bytes(), into); err != nil || answer.Code != http.StatusOK {
		t.Fatalf("%s: %d %.300s %v", target, answer.Code, answer.Body, err)
	}
	return page.Items
}

func newScrunch(numericDates bool) *simulator.Scrunch {
	return simulator.NewScrunch(simulator.ScrunchConfig{Keys: []simulator.ScrunchKey{{Key: "a-key"}}, NumericDates: numericDates,
		Now: func() time.Time { return time.Date(2026, 11, 18, 12, 0, 0, 0, time.UTC) }})
}

func TestTablesLoseNothingThatIsSent(t *testing.T) {
	reports := append(reportsOn(), scrunch.Report{Name: "periods", Fields: []string{"date", "date_week", "date_month", "date_quarter",
		"date_year", "ai_platform_search_enabled", "position_bucket", "sentiment_band", "responses"}})
	fields := map[string]string{}
	for _, r := range reports {
		fields[r.Name] = strings.Join(r.Fields, ",")
	}
	for _, numericDates := range []bool{false, true} {
		s := newScrunch(numericDates)
		filled := map[string]bool{}
		for _, x := range table.Scrunch(reports) {
			target := strings.Replace(paths[x.Dataset], "{brand_id}", "101", 1) + "?limit=200&start_date=" + day + "&end_date=2026-11-18"
			if fields[x.Dataset] != "" {
				target = "/101/query?start_date=" + day + "&end_date=" + day + "&fields=" + fields[x.Dataset]
			}
			records := asked(t, s, target)
			if len(records) == 0 {
				t.Errorf("%s: nothing was sent", x.Dataset)
			}
			for _, record := range records {
				if fault := membersLose(x.Columns, record); fault != "" {
					t.Fatalf("%s: %s", x.Name(), fault)
				}
				for _, full := range []string{"citations", "competitors", "query_fanout", "shopping_results", "purchasing_options"} {
					filled[full] = filled[full] || bytes.Contains(record, []byte(`"`+full+`":[{`)) || bytes.Contains(record, []byte(`"`+full+`":{`))
				}
			}
		}
		for name, is := range filled {
			if !is {
				t.Errorf("%s was never filled; the test shows nothing of its type", name)
			}
		}
	}
}

func TestLosesTellsWhatDoesNotFit(t *testing.T) {
	responses := named(t, table.Scrunch(nil), "scrunch_responses").Columns
	for _, line := range []string{`{"id":1.5}`, `{"id":"1"}`, `{"id":92233720368547758070}`, `{"branded":1}`, `{"tags":["a",{}],"x":1}`,
		`{"citations":{}}`, `{"citations":[{"url":"u","rank":1}]}`, `{"ID":1}`, `{"country":1.50}`, `{"query_fanout":{"queries":"q"}}`} {
		if membersLose(responses, json.RawMessage(line)) == "" {
			t.Errorf("%s is said to fit", line)
		}
	}
}

// The lines that package scrunch holds in place have their members in the order of the columns.
func TestColumnsAreInTheOrderOfLines(t *testing.T) {
	for _, x := range table.Scrunch(reportsOn()) {
		text, err := os.ReadFile("../scrunch/testdata/golden/" + x.Dataset + ".ndjson")
		if err != nil {
			t.Fatal(err)
		}
		var want []string
		for _, c := range x.Columns {
			want = append(want, c.Name)
		}
		for line := range strings.Lines(string(text)) {
			all, err := membersOf([]byte(line))
			if err != nil {
				t.Fatal(err)
			}
			var names []string
			for _, m := range all {
				names = append(names, m.name)
			}
			if diff := cmp.Diff(want, names); diff != "" {
				t.Fatalf("%s (-columns +line)\n%s", x.Name(), diff)
			}
			if fault := membersLose(x.Columns, json.RawMessage(line)); fault != "" {
				t.Errorf("%s: %s", x.Name(), fault)
			}
		}
	}
}
