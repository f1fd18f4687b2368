package app_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"yardstick/pkg/app"
	"yardstick/pkg/export"
	"yardstick/pkg/faultproxy"
	"yardstick/pkg/simulator"

	gocmp "github.com/google/go-cmp/cmp"
)

// numbers are the metrics that one invocation wrote, by their names.
type numbers map[string]float64

// emf is a line of the embedded metric format.
type emf struct {
	AWS struct {
		Timestamp         int64
		CloudWatchMetrics []struct {
			Namespace  string
			Dimensions [][]string
			Metrics    []struct{ Name, Unit string }
		}
	} `json:"_aws"`
	Source, Run, Status, Accounts string
}

// readLine reads what an invocation wrote: one line, as CloudWatch takes it.
func (w *world) readLine(text string) (emf, numbers) {
	w.Helper()
	var line emf
	var members map[string]any
	if err := errors.Join(json.Unmarshal([]byte(text), &line), json.Unmarshal([]byte(text), &members)); err != nil ||
		strings.Count(text, "\n") != 1 || !strings.HasSuffix(text, "\n") {
		w.Fatalf("%v: expected one line of JSON, found %q", err, text)
	}
	directives := line.AWS.CloudWatchMetrics
	if len(directives) != 1 || directives[0].Namespace != "yardstick" || line.AWS.Timestamp != time.Now().UnixMilli() ||
		gocmp.Diff([][]string{{"source"}}, directives[0].Dimensions) != "" || line.Source != w.source {
		w.Fatalf("%s", text)
	}
	found := numbers{}
	for _, m := range directives[0].Metrics {
		value, ok := members[m.Name].(float64)
		if _, twice := found[m.Name]; !ok || twice || m.Unit == "" {
			w.Fatalf("the metric %+v in %s", m, text)
		}
		found[m.Name] = value
		delete(members, m.Name)
	}
	for _, name := range []string{"Written", "Unchanged", "RunSeconds"} { // which CloudWatch does not keep
		value, ok := members[name].(float64)
		if !ok {
			w.Fatalf("no number %s in %s", name, text)
		}
		found[name] = value
	}
	for _, name := range []string{"_aws", "source", "run", "status", "accounts", "Written", "Unchanged", "RunSeconds"} {
		delete(members, name)
	}
	if len(members) > 0 {
		w.Fatalf("members that are no metrics: %v", members)
	}
	return line, found
}

// measured invokes the export function, which shall end with that status, and answers the metrics.
func (w *world) measured(ctx context.Context, event string, want export.Status) numbers {
	w.Helper()
	var out bytes.Buffer
	answer, err := app.MeasuredExport(w.source, w.options(), &out).Invoke(ctx, []byte(event))
	w.said.say(string(answer), err, out.String())
	line, found := w.readLine(out.String())
	if failed := errors.As(err, new(*app.ExportFailed)); line.Status != string(want) || failed != (want == export.Failed) || line.Run == "" {
		w.Fatalf("status %q of run %q (%v), expected %q", line.Status, line.Run, err, want)
	}
	return found
}

// expect compares some of the metrics; -1 says that one is not there.
func (n numbers) expect(t *testing.T, when string, want numbers) {
	t.Helper()
	for name, value := range want {
		if got, ok := n[name]; ok != (value >= 0) || ok && got != value {
			t.Errorf("%s: %s is %v (there: %v), expected %v", when, name, got, ok, value)
		}
	}
}

func down(simulator.Request) *simulator.Answer { return simulator.Refuse(http.StatusNotFound, "gone") }

func TestARunWritesThisLineOfMetrics(t *testing.T) {
	inWorld(t, simulator.YardConfig{}, "start: 2026-11-18", func(w *world) {
		w.north()
		var out bytes.Buffer
		if _, err := app.MeasuredExport(w.source, w.options(), &out).Invoke(w.Context(), []byte(`{"scheduledTime":"2026-11-18T09:00:00Z"}`)); err != nil {
			t.Fatal(err)
		}
		got := regexp.MustCompile(`T090000Z-[0-9a-f]{4}"`).ReplaceAllString(out.String(), `T090000Z-0000"`)
		const want = `{"CredentialDaysLeft":30,"Failed":0,"FreshnessHours":3,"KeyRefused":0,"Remaining":0,"Requests":14,"Rows":44,"RunSeconds":0,` +
			`"Throttled":0,"Unchanged":0,"Written":6,"_aws":{"CloudWatchMetrics":[{"Dimensions":[["source"]],"Metrics":[` +
			`{"Name":"Rows","Unit":"Count"},{"Name":"Requests","Unit":"Count"},{"Name":"Throttled","Unit":"Count"},` +
			`{"Name":"Failed","Unit":"Count"},` +
			`{"Name":"KeyRefused","Unit":"Count"},{"Name":"Remaining","Unit":"Count"},{"Name":"FreshnessHours","Unit":"None"},` +
			`{"Name":"CredentialDaysLeft","Unit":"None"}],"Namespace":"yardstick"}],` +
			`"Timestamp":1795003200000},"accounts":"main,north","run":"20261118T090000Z-0000","source":"scrapright","status":"complete"}` + "\n"
		if got != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
		w.readLine(out.String())
	})
}

// north adds an account of that name, which reads the same yard.
func (w *world) north() {
	w.Helper()
	const secrets = "yardstick/scrapright/north/"
	w.more = "  - account: north\n    url: http://" + yardAddress + "\n    api_key_secret: " + secrets + "api-key\n    session_secret: " +
		secrets + "session\n    start: 2026-11-18\n"
	if err := w.open().CreateSecret(w.Context(), secrets+"api-key", apiKey); err != nil {
		w.Fatal(err)
	}
}

func TestMetricsOfACompleteRunAndOfAnIdleOne(t *testing.T) {
	inWorld(t, simulator.YardConfig{}, "start: 2026-11-17", func(w *world) {
		first := w.measured(w.Context(), `{}`, export.Complete)
		yesterday, today := float64(len(w.lines(purchases("2026-11-17")))), float64(len(w.lines(purchases("2026-11-18"))))
		first.expect(t, "the first run", numbers{"Rows": yesterday + today + 12 + 5, "Requests": float64(len(w.yard.Requests())), "Throttled": 0,
			"Written": 4, "Unchanged": 0, "Failed": 0, "KeyRefused": 0, "Remaining": 0})
		if first["FreshnessHours"] > 0.001 || first["CredentialDaysLeft"] < 29.999 || first["RunSeconds"] > 5 {
			t.Errorf("%v", first)
		}
		w.pass(30 * time.Minute)
		w.measured(w.Context(), `{}`, export.Complete).expect(t, "an idle run", numbers{"Rows": today, "Requests": 2, "Written": 0, "Unchanged": 1,
			"Failed": 0, "Remaining": 0, "FreshnessHours": 0.5})
	})
}

// A listing that is not due yet is the stalest of a healthy account.
func TestFreshnessIsThatOfTheStalestDataset(t *testing.T) {
	inWorld(t, simulator.YardConfig{}, "start: 2026-11-18\nrefresh: 6h", func(w *world) {
		for hour := range 12 {
			got := w.measured(w.Context(), `{}`, export.Complete)["FreshnessHours"]
			if want := float64(hour % 7); got < want || got > want+0.001 {
				t.Errorf("after %d hours: %v, expected %v", hour, got, want)
			}
			w.pass(time.Hour)
		}
	})
}

func TestMetricsOfAPartialRunTellWhatRemains(t *testing.T) {
	inWorld(t, simulator.YardConfig{RequestsPerMinute: 10}, "start: 2026-11-01", func(w *world) {
		before := -1.0
		for done := false; !done; {
			ctx, cancel := context.WithTimeout(w.Context(), 2*time.Minute)
			var out bytes.Buffer
			if _, err := app.MeasuredExport(w.source, w.options(), &out).Invoke(ctx, []byte(`{}`)); err != nil {
				t.Fatal(err)
			}
			cancel()
			line, got := w.readLine(out.String())
			done = line.Status == string(export.Complete)
			if done != (got["Remaining"] == 0) || before >= 0 && got["Remaining"] >= before || got["Failed"] != 0 {
				t.Fatalf("%s, after %v: %s", line.Status, before, out.String())
			}
			if seconds := got["RunSeconds"]; !done && (seconds < 30 || seconds > 120) {
				t.Errorf("a run of two minutes: %v", seconds)
			}
			before = got["Remaining"]
		}
	})
}

// All of them are counted, and not only those that the result names. A run that saw none has no such metric, which would
// cost money.
func TestMembersThatAreNotAsBeforeAreCountedByTheRunThatSawThem(t *testing.T) {
	inWorld(t, simulator.YardConfig{}, "start: 2026-11-18", func(w *world) {
		const none = -1
		added := ""
		for n := range 60 {
			added += fmt.Sprintf(`,"added%d":true`, n)
		}
		for _, step := range []struct {
			purchase, customer string
			drifted            float64
		}{
			{`{"id":1,"net":"5"}`, `{"id":1,"name":"a"}`, none},
			{`{"id":1,"net":"6"}`, `{"id":1,"name":"b"}`, none},
			{`{"id":1,"net":6.5}`, `{"id":1,"name":"b","city":"Gary"}`, 2},
			{`{"id":1,"net":7.5}`, `{"id":1,"name":"c","city":"Gary"}`, none},
			{`{"id":1,"net":8.5` + added + `}`, `{"id":1,"name":"d","city":"Gary"}`, 60},
			{`{"id":1,"net":8.5` + added + `}`, `{"id":1,"name":"d","city":"Gary"}`, none},
		} {
			w.yard.SetRecords(simulator.Purchases, "2026-11-18", []string{step.purchase})
			w.yard.SetRecords(simulator.Customers, "", []string{step.customer})
			w.measured(w.Context(), `{"force":true}`, export.Complete).expect(t, step.purchase, numbers{"SchemaDrift": step.drifted})
			w.pass(time.Hour)
		}
	})
}

func TestMetricsOfAFailedRunCountWindowsAndAccounts(t *testing.T) {
	inWorld(t, simulator.YardConfig{}, "start: 2026-11-16", func(w *world) {
		w.yard.Fault(func(r simulator.Request) *simulator.Answer {
			if r.Endpoint == simulator.Purchases && r.From != "2026-11-18" {
				return down(r)
			}
			return nil
		})
		w.measured(w.Context(), `{}`, export.Failed).expect(t, "two days fail", numbers{"Failed": 2, "KeyRefused": 0, "Remaining": 2, "Written": 3})
		w.yard.Fault(nil)
		w.yard.Revoke("a-key-that-nobody-is-told")
		w.measured(w.Context(), `{}`, export.Failed).expect(t, "the key is refused",
			numbers{"Failed": 1, "KeyRefused": 1, "Remaining": 3, "Written": 0, "Rows": 0})
	})
}

func TestARunWhoseResultCannotBeKeptCountsAsFailed(t *testing.T) {
	inWorld(t, simulator.YardConfig{}, "start: 2026-11-18", func(w *world) {
		w.aws.Fault(func(c faultproxy.Call) *faultproxy.Answer {
			if c.Operation == "PutObject" && strings.Contains(c.Key, "_yardstick/runs/") {
				return faultproxy.Refuse(http.StatusForbidden, "AccessDenied")
			}
			return nil
		})
		w.measured(w.Context(), `{}`, export.Failed).expect(t, "the result is lost", numbers{"Failed": 1, "Written": 3, "Remaining": 0})
	})
}

func TestMetricsOfABusyRunTellNothingThatItDoesNotKnow(t *testing.T) {
	inWorld(t, simulator.YardConfig{RequestsPerMinute: 10}, "start: 2026-11-10", func(w *world) {
		ended := make(chan struct{})
		go func() {
			defer close(ended)
			if _, err := w.open().Export(w.Context(), app.ScrapRight, app.Event{}); err != nil {
				w.Error(err)
			}
		}()
		w.pass(10 * time.Second)
		unknown := numbers{"Remaining": -1, "FreshnessHours": -1, "CredentialDaysLeft": -1, "Rows": 0, "Requests": 0, "KeyRefused": 0}
		w.measured(w.Context(), `{}`, export.Held).expect(t, "busy", unknown)
		ctx, cancel := context.WithTimeout(w.Context(), 5*time.Second)
		defer cancel()
		failed := w.measured(ctx, `{"force":true}`, export.Failed)
		failed.expect(t, "busy to the end", unknown)
		failed.expect(t, "busy to the end", numbers{"Failed": 1})
		<-ended
	})
}

func TestWhereThereIsNoRunThereAreNoMetrics(t *testing.T) {
	inWorld(t, simulator.YardConfig{}, "start: 2026-11-18", func(w *world) {
		var out bytes.Buffer
		for _, event := range []string{`[]`, `{"account":"south"}`, `{"datasets":["tickets"]}`} {
			_, err := app.MeasuredExport(w.source, w.options(), &out).Invoke(w.Context(), []byte(event))
			if !errors.As(err, new(*app.EventInvalid)) {
				t.Errorf("%s: %v", event, err)
			}
		}
		broken := w.options()
		broken.Config = "version: 7"
		_, err := app.MeasuredExport(w.source, broken, &out).Invoke(w.Context(), []byte(`{}`))
		if !errors.As(err, new(*app.ConfigInvalid)) || out.Len() != 0 {
			t.Errorf("%v, and %q", err, &out)
		}
	})
}

func TestTheSessionsDaysAreThoseOfTheStoredRefreshToken(t *testing.T) {
	inWorld(t, simulator.YardConfig{RefreshTTL: 10 * 24 * time.Hour, AccessTTL: 9 * 24 * time.Hour}, "start: 2026-11-18", func(w *world) {
		about := func(when string, want float64) {
			t.Helper()
			got := w.measured(w.Context(), `{}`, export.Complete)["CredentialDaysLeft"]
			if got > want || got < want-0.001 {
				t.Errorf("%s: %v days, expected %v", when, got, want)
			}
		}
		about("exchanged", 10)
		w.pass(4 * 24 * time.Hour)
		about("four days later", 6)
		w.pass(5 * 24 * time.Hour)
		about("renewed", 10)
		w.north()
		w.pass(24 * time.Hour)
		about("two accounts, the other one new", 9)

		w.yard.Fault(down)
		w.pass(9*24*time.Hour + time.Hour)
		w.measured(w.Context(), `{"account":"main"}`, export.Failed).expect(t, "run out", numbers{"CredentialDaysLeft": 0})
	})
}
