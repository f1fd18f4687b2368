package about_test

import (
	"fmt"
	"strings"
	"time"

	"yardstick/pkg/about"
	"yardstick/pkg/export"
	"yardstick/pkg/snapshot"
)

// noon is the moment of all pages here: Monday 23 November 2026.
func noon() time.Time { return time.Date(2026, 11, 23, 12, 5, 0, 0, time.UTC) }

func before(d time.Duration) *time.Time {
	t := noon().Add(-d)
	return &t
}

// days makes the months of a dataset from its first day wanted to today. The last days and their states are told; those
// before are exported, with weekends that are empty.
func days(first, today snapshot.Day, highest int64, exceptions map[string]about.State) []about.Month {
	var months []about.Month
	for day := first.FirstOfMonth(); day.FirstOfMonth() <= today.FirstOfMonth(); day++ {
		if len(months) == 0 || months[len(months)-1].Month != day.Month() {
			months = append(months, about.Month{Month: day.Month()})
		}
		state, rows := about.Exported, int64(0)
		switch exception, told := exceptions[day.String()]; {
		case day < first || day > today:
			state = about.Unwanted
		case told:
			state = exception
		case day > today-4:
			state = about.Unsettled
		case day%7 == 0 && day%3 == 0:
			state = about.Empty
		}
		if state == about.Exported || state == about.Unsettled {
			rows = highest * (int64(day)*int64(day)*31%97 + 24) / 120
			if day%7 == 6 {
				rows /= 4
			}
		}
		m := &months[len(months)-1]
		m.Days += string(rune(state))
		m.Rows = append(m.Rows, rows)
	}
	return months
}

func dataset(name string, first, today snapshot.Day, highest int64, exceptions map[string]about.State) about.Dataset {
	d := about.Dataset{Dataset: name, Parts: []string{name}, First: first, ReadAt: before(65 * time.Minute),
		FreshAt: before(65 * time.Minute), Months: days(first, today, highest, exceptions)}
	for _, m := range d.Months {
		for _, rows := range m.Rows {
			d.Rows += rows
		}
	}
	return d
}

// listing is a dataset of which some days were not read, and none can be read again.
func listing(name string, first, today snapshot.Day, rows int64) about.Dataset {
	unread := map[string]about.State{}
	for day := first; day < today-3; day++ {
		if day%11 == 0 {
			unread[day.String()] = about.Unwanted
		}
	}
	d := dataset(name, first, today, rows, unread)
	d.Listing, d.Rows = true, rows
	return d
}

// everything is a status in which every state and every trouble occurs.
func everything() about.Status {
	return everythingSince(snapshot.DateOf(2025, time.September, 15), snapshot.DateOf(2026, time.January, 1))
}

// everythingSince has the datasets begin on first, but one, which begins on later.
func everythingSince(first, later snapshot.Day) about.Status {
	today := snapshot.DateOf(2026, time.November, 23)
	hours, renewable := 5.25, noon().Add(27*24*time.Hour)
	purchases := dataset("purchases", first, today, 1834, map[string]about.State{
		"2026-11-19": about.Failed, "2026-11-18": about.Failed, "2026-11-03": about.Failed, "2026-11-09": about.Missing,
		"2026-11-10": about.Missing, "2026-11-11": about.Missing, "2026-08-05": about.Missing, "2025-11-27": about.Missing,
		"2026-07-04": about.Empty, "2026-11-15": about.Empty,
	})
	refused := "scrapright/main purchases 2026-11-18: incomplete: the yard says 1,204 purchases and sent 1,198; nothing was stored, and the next run asks again"
	purchases.Unreadable = 3
	purchases.Failures = []about.Failure{
		{Time: noon(), Run: "20261123T120000Z-4f2a", Day: today - 4, Part: "purchases", Kind: "unavailable", Error: "503 after 4 tries"},
		{Time: noon(), Run: "20261123T120000Z-4f2a", Day: today - 5, Part: "purchases", Kind: "incomplete",
			Error: "the yard says 1,204 purchases and sent 1,198"},
	}
	stale := listing("businesses", first, today, 412)
	stale.Stale, stale.ReadAt, stale.FreshAt = true, before(75*time.Hour), before(75*time.Hour)
	never := about.Dataset{Dataset: "customers", Listing: true, Parts: []string{"customers"}, First: today,
		Months: []about.Month{{Month: "2026-11", Days: strings.Repeat("-", 22) + "m" + strings.Repeat("-", 7), Rows: make([]int64, 30)}}}
	prompts := dataset("prompt_daily", later, today, 48_210, nil)
	prompts.Parts = nil
	for i := range 17 {
		prompts.Parts = append(prompts.Parts, fmt.Sprintf("brand-%d", 101+i))
	}
	return about.Status{Version: 1, Time: noon(), Faults: []string{
		"_yardstick/ledger/scrunch/brands/account=main/2026-02.json is not JSON; delete it and the next run reads the month again"},
		Sources: []about.Source{
			{Source: "scrapright", Runs: runs(refused), Accounts: []about.Account{
				{Account: "main", Timezone: "America/Chicago", Today: today, FreshAt: before(75 * time.Hour), Stale: true,
					Credential: about.Credential{State: about.Good, RenewableUntil: &renewable},
					Backlog:    about.Backlog{Parts: 9, Open: 1, Missing: 6, Requests: 61, AtLeast: true, Hours: &hours},
					Datasets:   []about.Dataset{purchases, never, stale}},
				{Account: "north", Timezone: "America/Denver", Today: today, Credential: about.Credential{State: about.Refused},
					Error: &about.Failure{Time: noon(), Run: "20261123T120000Z-4f2a", Kind: export.CredentialRefused,
						Error: "the vendor refuses the key of yardstick/scrapright/north/api-key (401)"},
					Notes:   []string{"the ledgers of 2026-02 and before were not looked at"},
					Backlog: about.Backlog{Parts: 40, Missing: 31}},
			}},
			{Source: "scrunch", Runs: runs()[1:], Accounts: []about.Account{
				{Account: "main", Timezone: "UTC", Today: today, FreshAt: before(65 * time.Minute),
					Credential: about.Credential{State: about.Unknown},
					Backlog:    about.Backlog{Parts: 4, Open: 4, Verify: 120, Requests: 124, AtLeast: true},
					Datasets:   []about.Dataset{listing("brands", first, today, 17), prompts}},
			}},
		}}
}

// runs are ten, one an hour, the newest of which failed where errors are told.
func runs(errors ...string) []about.Run {
	var all []about.Run
	for i := range 10 {
		at := noon().Add(-time.Duration(i)*time.Hour - 5*time.Minute)
		run := about.Run{Run: at.Format("20060102T150405Z") + fmt.Sprintf("-%04x", 0x4f2a+i*977), Time: at, Status: "complete",
			Requests: 14 + i*3, Rows: int64(1834 * (i + 1)), Written: 2 + i%3}
		switch {
		case i == 0 && len(errors) > 0:
			run.Status, run.Errors, run.Remaining = "failed", append(errors, "scrapright/north: credential_refused: 401"), 9
		case i == 4:
			run.Status, run.Remaining, run.Throttled = "partial", 212, 31
		case i == 7:
			run.Status, run.Requests, run.Rows, run.Written = "busy", 0, 0, 0
		}
		if i%2 == 0 {
			run.Warnings = []string{"scrapright/main customers 2026-11-23: shrunk: 1,022 rows where there were 2,310"}
		}
		all = append(all, run)
	}
	return all
}
