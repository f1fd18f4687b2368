package functions_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"yardstick/pkg/simulator"
	"yardstick/pkg/snapshot"
)

// guard lets through to S3 what a role may do, and refuses the rest as S3 does. A missing key is told as such only where the
// role may list it.
type guard struct {
	next   http.Handler
	rights []string

	mu      sync.Mutex
	refused []string
}

// guarded puts a guard with a role's rights, as template.yaml has them, between functions and the cloud.
func (d *deployment) guarded(t *testing.T, role string) *guard {
	t.Helper()
	cloud, err := url.Parse(d.endpoint)
	if err != nil {
		t.Fatal(err)
	}
	template := readTemplate(t)
	g := &guard{next: httputil.NewSingleHostReverseProxy(cloud), rights: rights(t, role, template.resources("AWS::IAM::Role")[role].at("Properties").(mapping))}
	server := httptest.NewServer(g)
	t.Cleanup(server.Close)
	for i, variable := range d.env {
		if strings.HasPrefix(variable, "AWS_ENDPOINT_URL=") {
			d.env[i] = "AWS_ENDPOINT_URL=" + server.URL
		}
	}
	return g
}

func (g *guard) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	_, key, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
	switch {
	case r.Header.Get("X-Amz-Target") != "": // Secrets Manager
		g.next.ServeHTTP(w, r)
	case r.Method == http.MethodGet && r.URL.Query().Get("list-type") == "2":
		g.pass(w, r, mayList, r.URL.Query().Get("prefix"))
	case r.Method == http.MethodPut:
		if r.Header.Get("If-Match") != "" && !g.may(w, mayGet, key) {
			return
		}
		g.pass(w, r, mayPut, key)
	case r.Method == http.MethodDelete:
		g.pass(w, r, mayDelete, key)
	default: // GET and HEAD
		answer := &statusOf{ResponseWriter: w}
		g.pass(answer, r, mayGet, key)
		if answer.status == http.StatusNotFound {
			g.note(mayList, key)
		}
	}
}

type statusOf struct {
	http.ResponseWriter
	status int
}

func (s *statusOf) WriteHeader(status int) {
	s.status = status
	s.ResponseWriter.WriteHeader(status)
}

func (g *guard) pass(w http.ResponseWriter, r *http.Request, right, key string) {
	if g.may(w, right, key) {
		g.next.ServeHTTP(w, r)
	}
}

// may says whether the role has a right on a key, and answers where it has not.
func (g *guard) may(w http.ResponseWriter, right, key string) bool {
	if g.note(right, key) {
		return true
	}
	w.Header().Set("Content-Type", "application/xml")
	w.WriteHeader(http.StatusForbidden)
	_, _ = fmt.Fprint(w, "<Error><Code>AccessDenied</Code><Message>Access Denied</Message></Error>") // the client may be gone
	return false
}

func (g *guard) note(right, key string) bool {
	if reached(g.rights, snapshot.Layout{}, right, key) {
		return true
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	g.refused = append(g.refused, right+key)
	return false
}

func (g *guard) denials() []string {
	g.mu.Lock()
	defer g.mu.Unlock()
	return slices.Clone(g.refused)
}

// behind are the log lines by which a run says that it could not tell what it did. It fails for none of them.
var behind = []string{"the status page is behind", "the schemas are behind"}

// tells runs a function for all that is due, then for a settled day that changes, under its role, and holds what it leaves
// under about/.
func (d deployment) tells(t *testing.T, g *guard, folder, source, dataset string, change func(day string)) {
	t.Helper()
	f := start(t, bootstrap(t, folder), time.Minute, d.env...)
	settled := time.Now().UTC().AddDate(0, 0, -20)
	day := settled.Format(time.DateOnly)
	for _, event := range []string{`{}`, fmt.Sprintf(`{"datasets":[%q],"from":%q,"to":%q,"force":true}`, dataset, day, day)} {
		got := f.invoke(event)
		var r struct{ Status string }
		if err := json.Unmarshal(got.body, &r); err != nil || r.Status != "complete" {
			t.Fatalf("%s: %v %s %s %s; refused: %q", event, err, got.errorType, got.message, got.body, g.denials())
		}
		change(day)
	}
	f.kill()
	if denials := g.denials(); len(denials) > 0 {
		t.Errorf("the role of %s is refused\n%s", folder, strings.Join(slices.Compact(slices.Sorted(slices.Values(denials))), "\n"))
	}
	for _, line := range behind {
		if strings.Contains(f.log.String(), line) {
			t.Errorf("%s", line)
		}
	}
	l := snapshot.Layout{}
	for _, key := range []string{l.Status(), l.Page(), l.Coverage(source, "main"), l.Changes(source, "main", day[:len("2026-11")]), l.Schema(source, dataset),
		l.Snippet("athena", source+"_"+dataset+".sql"), l.Snippet("duckdb", source+"_"+dataset+".sql"), l.Snippet("pandas", source+"_"+dataset+".py"),
		l.Snippet("quicksight", "*_latest.json")} {
		if found, err := filepath.Glob(filepath.Join(d.dir, "s3", "acme-reporting", key)); err != nil || len(found) == 0 {
			t.Errorf("%s is not there (%v)", key, err)
		}
	}
}

func TestUnderItsRoleARunOfAYardTellsWhatItDid(t *testing.T) {
	d := deployYard(t)
	g := d.guarded(t, "ScrapRightExportRole")
	d.tells(t, g, "scrapright-export", "scrapright", "purchases", func(day string) { d.yard.AddTickets(day, 1) })
}

func TestUnderItsRoleARunOfScrunchTellsWhatItDid(t *testing.T) {
	d := deployScrunch(t, "")
	g := d.guarded(t, "ScrunchExportRole")
	d.tells(t, g, "scrunch-export", "scrunch", "brand_daily", func(day string) { d.SetResponseCount(simulator.FirstBrand, day, 50) })
}

// What a role lacks shows: a run that is refused what it tells ends well all the same.
func TestARunThatMayNotTellEndsWellAndSaysSoInItsLog(t *testing.T) {
	d := deployYard(t)
	g := d.guarded(t, "ScrapRightExportRole")
	g.rights = slices.DeleteFunc(g.rights, func(line string) bool { return strings.Contains(line, "${Prefix}about/") })
	f := start(t, bootstrap(t, "scrapright-export"), time.Minute, d.env...)
	if got := f.invoke(`{}`); got.errorType != "" || !strings.Contains(string(got.body), `"status":"complete"`) {
		t.Errorf("%s %s %s", got.errorType, got.message, got.body)
	}
	f.kill()
	for _, line := range behind {
		if !strings.Contains(f.log.String(), line) {
			t.Errorf("the log does not say %q", line)
		}
	}
	if len(g.denials()) == 0 {
		t.Error("nothing was refused")
	}
}
