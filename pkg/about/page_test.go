package about_test

import (
	"fmt"
	"html"
	"regexp"
	"strings"
	"testing"
	"time"

	"yardstick/pkg/about"
	"yardstick/pkg/golden"
	"yardstick/pkg/snapshot"
)

func page(t testing.TB, s about.Status) string {
	t.Helper()
	p, err := about.Page(s)
	if err != nil {
		t.Fatal(err)
	}
	return string(p)
}

func TestGoldenPage(t *testing.T) {
	golden.Compare(t, "testdata/page.html", page(t, everything()))
}

func headline(t testing.TB, s about.Status) string {
	t.Helper()
	found := regexp.MustCompile(`<h1>(.*)</h1>`).FindStringSubmatch(page(t, s))
	if found == nil {
		t.Fatal("the page has no headline")
	}
	return html.UnescapeString(found[1])
}

// well is a status without any trouble.
func well() about.Status {
	today := snapshot.DateOf(2026, time.November, 23)
	return about.Status{Version: 1, Time: noon(), Sources: []about.Source{{Source: "scrapright", Accounts: []about.Account{{
		Account: "main", Timezone: "UTC", Today: today, FreshAt: before(time.Hour), Credential: about.Credential{State: about.Good},
		Datasets: []about.Dataset{dataset("purchases", today-60, today, 100, nil), listing("customers", today-60, today, 40)},
	}}}}}
}

func TestHeadlineSaysWhetherAllIsWell(t *testing.T) {
	days := func(s *about.Status, dataset, n int, state string) {
		m := &s.Sources[0].Accounts[0].Datasets[dataset].Months[1]
		m.Days = strings.Repeat(state, n) + m.Days[n:]
	}
	account := func(s *about.Status) *about.Account { return &s.Sources[0].Accounts[0] }
	hours := 5.25
	for want, change := range map[string]func(*about.Status){
		"All is well.":             func(*about.Status) {},
		"Nothing is exported yet.": func(s *about.Status) { s.Sources = nil },
		"All is well, with 1,240 day parts still to be exported, about 5.2 h of work.": func(s *about.Status) {
			account(s).Backlog = about.Backlog{Parts: 1244, Missing: 1240, Hours: &hours}
		},
		"All is well, with 1 day part still to be exported.": func(s *about.Status) {
			account(s).Backlog = about.Backlog{Parts: 2, Missing: 1}
		},
		"Not all is well: purchases has 1 failed day.": func(s *about.Status) { days(s, 0, 1, "f") },
		"Not all is well: 2 datasets have 5 failed days and customers is stale.": func(s *about.Status) {
			days(s, 0, 2, "f")
			days(s, 1, 3, "f")
			account(s).Stale, account(s).Datasets[1].Stale = true, true
		},
		"Not all is well: 2 datasets are stale.": func(s *about.Status) {
			account(s).Stale, account(s).Datasets[0].Stale, account(s).Datasets[1].Stale = true, true, true
		},
		"Not all is well: the key of scrapright/main is refused.": func(s *about.Status) {
			account(s).Credential.State, account(s).Error = about.Refused, &about.Failure{Error: "401"}
		},
		"Not all is well: scrapright/main failed as a whole.": func(s *about.Status) {
			account(s).Error = &about.Failure{Error: "no such host"}
		},
		"Not all is well: 1 object in the bucket cannot be used.": func(s *about.Status) { s.Faults = []string{"broken"} },
	} {
		s := well()
		change(&s)
		if got := headline(t, s); got != want {
			t.Errorf("the headline is %q, expected %q", got, want)
		}
		if troubled := len(s.Troubles()) > 0; troubled != strings.HasPrefix(want, "Not all") {
			t.Errorf("%q, but the terminal tells of %q", want, s.Troubles())
		}
		if troubled := strings.Contains(page(t, s), `<header class="trouble">`); troubled != strings.HasPrefix(want, "Not all") {
			t.Errorf("%q, but the banner is not that of it", want)
		}
	}
}

func TestEachStateIsDrawnAndToldByDayAndMonth(t *testing.T) {
	p := page(t, everything())
	for state, words := range map[about.State]string{
		about.Failed:    "Thu 19 Nov 2026: failed</title>",
		about.Missing:   "Mon 9 Nov 2026: missing</title>",
		about.Unsettled: "Mon 23 Nov 2026: unsettled, ",
		about.Exported:  "Mon 2 Nov 2026: exported, ",
		about.Empty:     "Sun 15 Nov 2026: empty</title>",
		about.Unwanted:  "Tue 24 Nov 2026: not wanted</title>",
	} {
		if !strings.Contains(p, fmt.Sprintf(`<g id="%c">`, state)) {
			t.Errorf("%c has no shape", state)
		}
		if !regexp.MustCompile(fmt.Sprintf(`<use href="#%c" x="\d+" y="\d+"><title>%s`, state, words)).MatchString(p) {
			t.Errorf("%c is not drawn as %s", state, words)
		}
	}
	for _, told := range []string{
		`aria-label="Nov 2026: 3 days failed, 3 days missing, 4 days unsettled, `,
		"<summary>2025, 3 older months: 1 day failed or missing</summary>",
		`<tr><th scope="row">2026-11-18</th><td>failed</td><td class="n"></td></tr>`,
		`<span class="range">2026-11-18 to 2026-11-19</span> <span class="range">2026-11-03</span>`,
		"failed on 2026-11-18 to 2026-11-19, 2026-11-03</bdi>",
	} {
		if !strings.Contains(p, told) {
			t.Errorf("the page does not have %s", told)
		}
	}
}

func TestWhatCannotBeDrawnIsNamed(t *testing.T) {
	for want, month := range map[string]about.Month{
		`account "main" of "scrapright": dataset "purchases": "November" is not a month; expected YYYY-MM, such as 2026-11`: {Month: "November"},
		`account "main" of "scrapright": dataset "purchases": 2026-11 has 29 states and 30 counts of rows, expected 30 of each`: {
			Month: "2026-11", Days: strings.Repeat("e", 29), Rows: make([]int64, 30)},
		`account "main" of "scrapright": dataset "purchases": 2026-02-28 has the state 'x', expected one of "fmue0-"`: {
			Month: "2026-02", Days: strings.Repeat("e", 27) + "x", Rows: make([]int64, 28)},
	} {
		s := well()
		s.Sources[0].Accounts[0].Datasets[0].Months = []about.Month{month}
		if p, err := about.Page(s); err == nil || err.Error() != want || p != nil {
			t.Errorf("the error is %v, expected %s", err, want)
		}
	}
}

// maxPage is the size, in bytes, that two years of everything may have.
const maxPage = 1_500_000

func twoYears() about.Status {
	s := everything()
	today := snapshot.DateOf(2026, time.November, 23)
	s.Sources = s.Sources[:1]
	s.Sources[0].Accounts = s.Sources[0].Accounts[:1]
	a := &s.Sources[0].Accounts[0]
	a.Datasets = nil
	for i := range 13 {
		a.Datasets = append(a.Datasets, dataset(fmt.Sprintf("dataset_%d", i), today-730, today, 1_000_000, nil))
	}
	return s
}

func TestTwoYearsOfThirteenDatasetsStayAReasonableFile(t *testing.T) {
	if n := len(page(t, twoYears())); n > maxPage {
		t.Errorf("the page has %d bytes, expected at most %d", n, maxPage)
	}
}

func BenchmarkPageOfTwoYears(b *testing.B) {
	s := twoYears()
	for b.Loop() {
		b.ReportMetric(float64(len(page(b, s))), "bytes/page")
	}
}
