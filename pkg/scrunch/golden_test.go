package scrunch

import (
	"bytes"
	"flag"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"yardstick/pkg/golden"
	"yardstick/pkg/simulator"
	"yardstick/pkg/wire"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/google/go-cmp/cmp"
)

var record = flag.Bool("record", false, "ask the simulator for the answers behind the golden files again")

// tape is a server's answers by what was asked for. Its file has one line for each of the two.
type tape map[string]string

func tapeFile(dataset string) string { return filepath.Join("testdata", "answers", dataset+".txt") }

func readTape(t *testing.T, dataset string) tape {
	t.Helper()
	text, err := os.ReadFile(tapeFile(dataset))
	if err != nil {
		t.Fatal(err)
	}
	all := tape{}
	lines := strings.Split(strings.TrimSuffix(string(text), "\n"), "\n")
	for pair := range slices.Chunk(lines, 2) {
		all[strings.TrimPrefix(pair[0], "GET ")] = pair[1]
	}
	return all
}

func (a tape) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, ok := a[r.URL.RequestURI()]
	if !ok {
		http.Error(w, "not on the tape: "+r.URL.RequestURI(), http.StatusNotFound)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write([]byte(body))
}

// recording passes requests on and keeps the answers.
type recording struct {
	http.Handler
	tape tape
}

func (r *recording) ServeHTTP(w http.ResponseWriter, request *http.Request) {
	answer := httptest.NewRecorder()
	r.Handler.ServeHTTP(answer, request)
	r.tape[request.URL.RequestURI()] = answer.Body.String()
	maps.Copy(w.Header(), answer.Header())
	w.WriteHeader(answer.Code)
	_, _ = w.Write(answer.Body.Bytes())
}

// recordTape writes what the simulator answers for a dataset's day.
func recordTape(t *testing.T, dataset string) {
	t.Helper()
	r := &recording{Handler: newScrunch(simulator.ScrunchConfig{Brands: 2, Prompts: 3, Competitors: 2, Personas: 2, Runs: 1,
		Platforms: []string{"chatgpt", "perplexity"}, StableOrder: true}), tape: tape{}}
	inBubble(t, r, func(w *world) { w.whole(window(dataset, closed)) })
	var text bytes.Buffer
	for _, asked := range slices.Sorted(maps.Keys(r.tape)) {
		fmt.Fprintf(&text, "GET %s\n%s\n", asked, r.tape[asked])
	}
	if err := os.WriteFile(tapeFile(dataset), text.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
}

// Lines, and the requests for them: an answer is found by the very request that it was recorded for.
func TestGoldenLines(t *testing.T) {
	for _, d := range Datasets(reportsOn(), nil, nil) {
		t.Run(d.Name, func(t *testing.T) {
			if *record {
				recordTape(t, d.Name)
			}
			inBubble(t, readTape(t, d.Name), func(w *world) {
				lines := w.whole(window(d.Name, closed))
				if len(lines) < 2 && d.Name != "brand_daily" {
					w.Errorf("%d lines are too few to tell", len(lines))
				}
				golden.Compare(t, "testdata/golden/"+d.Name+".ndjson", strings.Join(lines, "\n")+"\n")
			})
		})
	}
}

// The order of members is that of the fields asked for, after the brand.
func TestMembersStandInTheOrderInWhichTheyAreAskedFor(t *testing.T) {
	for _, r := range reportsOn() {
		inBubble(t, readTape(t, r.Name), func(w *world) {
			for _, line := range w.whole(window(r.Name, closed)) {
				members, err := wire.Members(jsontext.Value(line))
				if err != nil {
					w.Fatal(err)
				}
				var names []string
				for _, m := range members {
					names = append(names, m.Name)
				}
				if diff := cmp.Diff(append([]string{"brand_id", "brand_name"}, r.Fields...), names); diff != "" {
					w.Errorf("%s (-asked +kept)\n%s", r.Name, diff)
				}
			}
		})
	}
}
