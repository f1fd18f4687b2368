package local

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"
	"unicode"

	"yardstick/pkg/app"
	"yardstick/pkg/app/local/swagger"
	"yardstick/pkg/app/stack"
)

// patience bounds the reading of one yard's reference, waits for its pace included.
const patience = 2 * time.Minute

// Check is app.App's Check, and beside it what each yard's own reference says of the configured datasets, with the
// lines of the configuration to change. The reference is asked for at the account's pace, in a few requests that spend
// no token; a yard that wants an access token for it gets the one that is stored, if that is live. Where a stack is
// named, it is compared too. Findings stand together by account.
func Check(ctx context.Context, a *app.App, stackName string) app.Report {
	report := a.Check(ctx)
	if stackName != "" {
		for _, f := range stack.Check(ctx, a, stackName) {
			f.Message = oneLine(f.Message)
			report.Findings = append(report.Findings, f)
		}
	}
	yards, err := a.Yards(ctx)
	if err != nil {
		f := about(app.Fault, "swagger", err.Error())
		f.Source = app.ScrapRight
		report.Findings = append(report.Findings, f)
	}
	for _, yard := range yards {
		for _, f := range reference(ctx, yard) {
			f.Source, f.Account, f.Message = app.ScrapRight, yard.Account, oneLine(f.Message)
			report.Findings = append(report.Findings, f)
		}
	}
	together(report.Findings)
	return report
}

// together sorts findings: what all share, then each source, what its accounts share before them. Sources and accounts
// stand as they first come, which is as they are configured.
func together(findings []app.Finding) {
	sources, accounts := map[string]int{"": -1}, map[string]int{}
	for _, f := range findings {
		if _, known := sources[f.Source]; !known {
			sources[f.Source] = len(sources)
		}
		if account := f.Source + "/" + f.Account; f.Account == "" {
			accounts[account] = -1
		} else if _, known := accounts[account]; !known {
			accounts[account] = len(accounts)
		}
	}
	slices.SortStableFunc(findings, func(x, y app.Finding) int {
		return cmp.Or(cmp.Compare(sources[x.Source], sources[y.Source]),
			cmp.Compare(accounts[x.Source+"/"+x.Account], accounts[y.Source+"/"+y.Account]))
	})
}

func about(level app.Level, subject, message string) app.Finding {
	return app.Finding{Level: level, Subject: subject, Message: message}
}

// reference compares one yard's own reference with the configuration.
func reference(ctx context.Context, yard *app.Yard) []app.Finding {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	found, err := swagger.Read(ctx, yard.URL, func(ctx context.Context, path string) (swagger.Answer, error) {
		page, err := yard.Get(ctx, path)
		return swagger.Answer(page), err
	})
	if err != nil {
		return []app.Finding{unread(yard, err)}
	}
	findings := []app.Finding{about(app.OK, "swagger", "the yard's own reference was read: "+sources(found))}
	for _, note := range found.Notes {
		findings = append(findings, about(app.Warn, "swagger", "a part of the yard's own reference was not read: "+note))
	}
	for _, host := range found.Elsewhere() {
		findings = append(findings, about(app.Warn, "swagger", fmt.Sprintf(
			"the yard's own reference says that its calls are at %s; yardstick calls %s, as configured", host, yard.URL)))
	}
	return append(findings, compared(yard, found)...)
}

func sources(found *swagger.Reference) string {
	var all []string
	for _, s := range found.Sources {
		all = append(all, s.String())
	}
	return strings.Join(all, ", ")
}

// unread says what could not be seen, and what would help.
func unread(yard *app.Yard, err error) app.Finding {
	message := fmt.Sprintf("the yard's own reference was not read, so paths and parameters are not compared: %v", err)
	if status, ok := errors.AsType[*swagger.StatusError](err); ok {
		refused := status.Status == http.StatusUnauthorized || status.Status == http.StatusForbidden
		switch {
		case refused && !yard.Live:
			message += "; it asks for an access token, and none is live: run an export first, then check again"
		case refused:
			message += "; it was sent the stored access token, and refused that"
		}
	}
	return about(app.Warn, "swagger", message)
}

// compared tells of each dataset, and at the end which lines of the configuration to change.
func compared(yard *app.Yard, found *swagger.Reference) []app.Finding {
	datasets := map[string]swagger.Dataset{}
	for name, d := range yard.Datasets {
		datasets[name] = swagger.Dataset{Path: d.Path, From: d.From, To: d.To, DateFormat: d.DateFormat,
			ToExclusive: d.ToExclusive, PageSize: d.PageSize, Records: d.Records, Total: d.Total}
	}
	verdicts := found.Compare(datasets)
	var findings []app.Finding
	worst := app.Warn
	for _, v := range verdicts {
		findings = append(findings, told(v)...)
		for _, d := range v.Differences {
			if !d.Minor {
				worst = app.Fault
			}
		}
	}
	if lines := swagger.Lines(yard.Account, verdicts); lines != nil {
		f := about(worst, "configuration", "change these lines of the configuration to agree with the yard's own reference")
		f.Change = lines
		findings = append(findings, f)
	}
	return findings
}

// told are the findings of one dataset.
func told(v swagger.Verdict) []app.Finding {
	var findings []app.Finding
	tell := func(level app.Level, message string) {
		findings = append(findings, about(level, v.Dataset, message))
	}
	for _, fault := range v.Faults {
		tell(app.Fault, fault)
	}
	level, differences := app.Warn, []string{}
	for _, d := range v.Differences {
		if !d.Minor {
			level = app.Fault
		}
		differences = append(differences, d.Why)
	}
	if len(differences) > 0 {
		tell(level, strings.Join(differences, "; "))
	}
	for _, doubt := range v.Doubts {
		tell(app.Warn, doubt)
	}
	if len(findings) == 0 {
		tell(app.OK, "GET "+v.Path+" is as the yard's own reference has it")
	}
	return findings
}

// oneLine is a text without line breaks and other control characters: the reference is a foreign text.
func oneLine(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || unicode.Is(unicode.Cf, r) {
			return ' '
		}
		return r
	}, text)
}
