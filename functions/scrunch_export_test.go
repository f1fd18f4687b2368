package functions_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"yardstick/pkg/simulator"
)

const (
	scrunchKey = "the-key-of-the-organization"
	mostRows   = 90_000   // of one answer of /query
	mostMemory = 64 << 20 // bytes of a process that exports that many
)

// scrunchDeployment is a deployment beside a Scrunch.
type scrunchDeployment struct {
	deployment
	*simulator.Scrunch
}

func deployScrunch(t *testing.T, settings string) scrunchDeployment {
	t.Helper()
	s := simulator.NewScrunch(simulator.ScrunchConfig{Brands: 1, Keys: []simulator.ScrunchKey{{Key: scrunchKey}}, Now: time.Now})
	url, stop, err := s.Start()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(stop)
	config := fmt.Sprintf("version: 1\nbucket: acme-reporting\nscrunch:\n  - account: main\n    url: %s\n    api_key_secret: scrunch/key\n%s", url, settings)
	return scrunchDeployment{deploy(t, config, "scrunch/key", scrunchKey), s}
}

// processOf finds the running process of a binary, which is this one's child.
func processOf(t *testing.T, binary string) (pid int) {
	t.Helper()
	binary, err := filepath.EvalSymlinks(binary)
	if err != nil {
		t.Fatal(err)
	}
	links, err := filepath.Glob("/proc/[0-9]*/exe")
	if err != nil {
		t.Fatal(err)
	}
	for _, link := range links {
		target, err := os.Readlink(link)
		if err != nil && !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, fs.ErrPermission) {
			t.Fatal(err)
		}
		if target == binary {
			if pid != 0 {
				t.Fatalf("%s runs as %d and as another process", binary, pid)
			}
			if pid, err = strconv.Atoi(filepath.Base(filepath.Dir(link))); err != nil {
				t.Fatal(err)
			}
		}
	}
	if pid == 0 {
		t.Fatalf("%s does not run", binary)
	}
	return pid
}

// peak is the most memory that a process ever had resident, in bytes.
func peak(t *testing.T, pid int) int {
	t.Helper()
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		t.Fatal(err)
	}
	kilobytes := regexp.MustCompile(`(?m)^VmHWM:\s*(\d+) kB$`).FindSubmatch(status)
	if kilobytes == nil {
		t.Fatalf("no VmHWM in\n%s", status)
	}
	n, err := strconv.Atoi(string(kilobytes[1]))
	if err != nil {
		t.Fatal(err)
	}
	return n << 10
}

// Answers of 90,000 rows, the most that /query gives, go side by side through a process that never has 64 MiB.
func TestTheLongestAnswersOfAReportPassInLittleMemory(t *testing.T) {
	clock := time.Now().UTC().Truncate(time.Second)
	days := []string{clock.AddDate(0, 0, -1).Format(time.DateOnly), clock.Format(time.DateOnly)}
	d := deployScrunch(t, "    start: "+days[0]+"\n    datasets: {responses: {off: true}}\n"+
		"    reports: {competitor_daily: {off: true}, citation_daily: {off: true}}\n")
	for _, day := range days {
		d.SetResponseCount(simulator.FirstBrand, day, mostRows)
	}
	binary := bootstrap(t, "scrunch-export")
	f := start(t, binary, 2*time.Minute, append(d.env, runtimeSettings(t, "ScrunchExport")...)...)
	got := f.invoke(fmt.Sprintf(`{"scheduledTime":%q,"executionId":"e-1","attempt":"1"}`, clock.Format(time.RFC3339)))
	used := peak(t, processOf(t, binary))
	if got.errorType != "" {
		t.Fatalf("%s: %s", got.errorType, got.message)
	}
	var result struct {
		Version             int
		Source, Status, Run string
		Remaining           *int
		Warnings            []any
		Accounts            []struct {
			Account, Status string
			Requests        int
			Session         *string
			Datasets        []struct {
				Dataset       string
				Written, Rows int
				Failed        []any
			}
		}
	}
	if err := json.Unmarshal(got.body, &result); err != nil {
		t.Fatalf("%v: %s", err, got.body)
	}
	a := result.Accounts[0]
	if result.Version != 1 || result.Source != "scrunch" || result.Status != "complete" || result.Remaining == nil || *result.Remaining != 0 ||
		!strings.HasPrefix(result.Run, clock.Format("20060102T150405Z-")) || a.Session != nil || a.Requests != len(d.Requests()) || len(a.Datasets) != 7 {
		t.Fatalf("%s", got.body)
	}
	size := 0
	for _, day := range days {
		lines := readLines(t, filepath.Join(d.dir, "s3", "acme-reporting", "scrunch", "prompt_daily", "account=main", "dt="+day, "brand-101.json.gz"))
		for i, line := range lines {
			if size += len(line) + 1; i > 0 && line <= lines[i-1] {
				t.Fatalf("%s: line %d comes twice or out of order", day, i+1)
			}
		}
		if len(lines) != mostRows || !strings.HasPrefix(lines[0], `{"brand_id":101,"brand_name":"`) {
			t.Errorf("%s: %d lines, the first %s; expected %d", day, len(lines), lines[0], mostRows)
		}
	}
	t.Logf("%d days of %d rows side by side, %d bytes of lines: at most %.1f MiB resident", len(days), mostRows, size, float64(used)/(1<<20))
	if used >= mostMemory {
		t.Errorf("%d bytes resident, expected less than %d", used, mostMemory)
	}
}
