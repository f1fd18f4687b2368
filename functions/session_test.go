package functions_test

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"maps"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"yardstick/pkg/simulator"

	"github.com/google/go-cmp/cmp"
)

// short is how long the yard's access tokens live, where each run shall find the last one's past use: a stored token is
// used until 2 minutes before its end.
const short = 90 * time.Second

// ended is how an invocation ended, with what the tests about sessions look at.
type ended struct {
	Status   string
	Accounts []struct {
		Session             string
		Requests, Throttled int
	}
}

func parseEnd(t *testing.T, got answered) ended {
	t.Helper()
	var e ended
	if got.errorType != "" {
		t.Fatalf("%s: %s", got.errorType, got.message)
	}
	if err := json.Unmarshal(got.body, &e); err != nil || len(e.Accounts) != 1 {
		t.Fatalf("%v: %s", err, got.body)
	}
	return e
}

// objects are the lines of a source's data objects, by their place below the bucket.
func (d deployment) objects(t *testing.T, source string) map[string][]string {
	t.Helper()
	all, root := map[string][]string{}, filepath.Join(d.dir, "s3", "acme-reporting")
	err := filepath.WalkDir(filepath.Join(root, source), func(path string, entry fs.DirEntry, err error) error {
		if err == nil && !entry.IsDir() {
			all[strings.TrimPrefix(path, root)] = readLines(t, path)
		}
		return err
	})
	if err != nil || len(all) == 0 {
		t.Fatalf("%d objects: %v", len(all), err)
	}
	return all
}

// sessionStands checks that the yard takes the session that AWSCURRENT holds.
func (d yardDeployment) sessionStands(t *testing.T) {
	t.Helper()
	var s struct {
		Access  string `json:"access_token"`
		Refresh string `json:"refresh_token"`
	}
	if err := json.Unmarshal([]byte(d.secret(t, "yard/session")), &s); err != nil {
		t.Fatal(err)
	}
	if err := d.yard.CheckPair(s.Access, s.Refresh); err != nil {
		t.Error("the stored session:", err)
	}
	if twice := d.yard.RefreshTokensSentTwice(); len(twice) > 0 {
		t.Errorf("refresh tokens sent twice: %q", twice)
	}
}

func TestEightProcessesAtOnceSendNoRefreshTokenTwice(t *testing.T) {
	binary := bootstrap(t, "scrapright-export")
	d := deployYardOf(t, simulator.YardConfig{AccessTTL: short, ReuseKillsFamily: true})
	parseEnd(t, start(t, binary, time.Minute, d.env...).invoke(`{"datasets":["businesses"]}`)) // leaves an expired token
	event := fmt.Sprintf(`{"scheduledTime":%q}`, time.Now().UTC().Format(time.RFC3339))

	var processes []*function
	for range 8 {
		f := start(t, binary, time.Minute, d.env...)
		f.invoke(`[]`) // a fault of its own, after which the process is up
		processes = append(processes, f)
	}
	answers := make([]answered, len(processes))
	var group sync.WaitGroup
	for i, f := range processes {
		group.Go(func() {
			var err error
			if answers[i], err = f.call(event); err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
	ends := map[string]int{}
	for _, got := range answers {
		ends[parseEnd(t, got).Status]++
	}
	if ends["complete"] == 0 || ends["complete"]+ends["busy"] != len(processes) {
		t.Errorf("ended %v, expected complete and busy alone", ends)
	}
	if !slices.ContainsFunc(d.yard.Requests(), func(r simulator.Request) bool { return r.Endpoint == simulator.RefreshEndpoint }) {
		t.Error("nothing was refreshed: the test shows nothing")
	}
	d.sessionStands(t)

	alone := d.beside(t)
	parseEnd(t, start(t, binary, time.Minute, alone.env...).invoke(event))
	if diff := cmp.Diff(alone.objects(t, "scrapright"), d.objects(t, "scrapright")); diff != "" {
		t.Errorf("data objects (-a single run's +those of eight):\n%s", diff)
	}
}

func TestAKeyChangedBetweenTwoInvocationsIsNoticedWithoutAFailedRequest(t *testing.T) {
	d := deployYard(t)
	f := start(t, bootstrap(t, "scrapright-export"), time.Minute, d.env...)
	parseEnd(t, f.invoke(`{}`))
	d.yard.Revoke("the-second-key-of-the-yard")
	d.putSecret(t, "yard/key", `{"api_key":"the-second-key-of-the-yard","owner":"billing"}`)
	before := len(d.yard.Requests())
	got := parseEnd(t, f.invoke(`{}`))
	if got.Status != "complete" || got.Accounts[0].Session != "exchanged" {
		t.Errorf("%+v", got)
	}
	statuses := map[int]int{}
	for _, r := range d.yard.Requests()[before:] {
		statuses[r.Status]++
	}
	if len(statuses) != 1 || statuses[http.StatusOK] == 0 {
		t.Errorf("answers %v, expected 200 alone", slices.Collect(maps.Keys(statuses)))
	}
	d.sessionStands(t)
}
