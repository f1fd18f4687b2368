package app

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"yardstick/pkg/about"
	"yardstick/pkg/config"
	"yardstick/pkg/export"
	"yardstick/pkg/snapshot"
)

// What a status is made of.
type (
	// Status is about.Status.
	Status = about.Status
	// SourceStatus is about.Source.
	SourceStatus = about.Source
	// AccountStatus is about.Account.
	AccountStatus = about.Account
	// DatasetStatus is about.Dataset.
	DatasetStatus = about.Dataset
	// Backlog is about.Backlog.
	Backlog = about.Backlog
	// State is about.State.
	State = about.State
)

// The states of days and of credentials, as pkg/about has them.
const (
	DayFailed    = about.Failed
	DayMissing   = about.Missing
	DayUnsettled = about.Unsettled
	DayExported  = about.Exported
	DayEmpty     = about.Empty
	DayUnwanted  = about.Unwanted

	CredentialGood    = about.Good
	CredentialRefused = about.Refused
	CredentialUnknown = about.Unknown
)

// ParseDay is snapshot.ParseDay.
func ParseDay(text string) (Day, error) { return snapshot.ParseDay(text) }

// PublishStatus writes a status into the bucket, as about.Publish does.
func (a *App) PublishStatus(ctx context.Context, s Status) error {
	return about.Publish(ctx, a.store, a.layout(), s)
}

// StatusPage is about.Page.
func StatusPage(s Status) ([]byte, error) { return about.Page(s) }

const (
	// askTime is how long a status waits for a vendor's list of parts.
	askTime = 15 * time.Second
	// statusRun is the length of the runs by which the backlog's hours are told: a function's longest.
	statusRun = 15 * time.Minute
)

// Status tells what is in the bucket and how fresh it is, and looks at secrets and at the plan of the next run. It writes
// nothing and spends no token; ScrapRight is not called, and Scrunch for its list of brands. Where a vendor or a secret
// cannot be asked, the account's Notes say so, and what the bucket has stands in. It blocks for about a request for each
// month of each dataset and one for each thousand objects, and up to 15 s for a vendor that does not answer.
func (a *App) Status(ctx context.Context) (Status, error) {
	var seen []*seen
	var wanted []about.Wanted
	for _, source := range a.Sources() {
		x, err := a.exporter(source)
		if err != nil {
			return Status{}, err
		}
		for _, account := range x.Accounts {
			s := a.see(ctx, x, account)
			seen, wanted = append(seen, s), append(wanted, s.wanted)
		}
	}
	status, err := about.Gather(ctx, a.store, a.layout(), wanted, a.Now())
	if err != nil {
		return Status{}, err
	}
	for _, s := range seen {
		s.tell(&status)
	}
	return status, nil
}

// seen is what is known of an account beside its ledgers.
type seen struct {
	wanted   about.Wanted
	plan     *export.AccountForecast // nil: it could not be had
	notes    []string
	asked    bool      // the vendor took the key just now
	refused  bool      // the vendor refused it just now
	obtained time.Time // when the stored session was; zero: not known
}

func (a *App) see(ctx context.Context, x *export.Exporter, account export.Account) *seen {
	s := &seen{wanted: wantedAccount(x.Source, account)}
	for _, c := range a.Configured.ScrapRight {
		if x.Source == ScrapRight && c.Account == account.Name {
			a.seeSession(ctx, c, s)
		}
	}
	if s.seeParts(ctx, account) {
		s.seePlan(ctx, x)
	}
	return s
}

// seeSession looks at the stored session.
func (a *App) seeSession(ctx context.Context, c config.ScrapRight, s *seen) {
	found, err := a.inspect(ctx, c)
	if err != nil {
		s.note("the secrets cannot be used, so that nothing is known of the session: %v", err)
		return
	}
	s.obtained = found.Session.ObtainedAt
	if found.Session.KeyVersion == found.KeyVersion {
		s.wanted.RenewableUntil = found.Session.RefreshExpiresAt
	}
}

// seeParts asks the vendor for the parts of the datasets, and answers whether it told them.
func (s *seen) seeParts(ctx context.Context, account export.Account) bool {
	asking, cancel := context.WithTimeout(ctx, askTime)
	defer cancel()
	known := true
	for _, d := range account.Datasets {
		wanted := about.WantedDataset{Dataset: d.Name, Listing: d.Listing, Spec: d.Spec}
		if known {
			parts, err := account.Vendor.Parts(asking, d.Name)
			if err != nil {
				known, s.refused = false, isRefusal(err)
				s.note("the vendor did not tell the parts of its datasets, and those of the ledger are told: %v", err)
			} else {
				wanted.Parts = append([]string{}, parts...)
			}
		}
		s.wanted.Datasets = append(s.wanted.Datasets, wanted)
	}
	s.asked = known && account.Vendor.Usage().Requests > 0
	return known
}

func isRefusal(err error) bool {
	e, ok := errors.AsType[*export.Error](err)
	return ok && e.Kind == export.CredentialRefused
}

func (s *seen) seePlan(ctx context.Context, x *export.Exporter) {
	f, err := x.Plan(ctx, Event{Account: s.wanted.Account}, statusRun)
	if err != nil {
		s.note("no run can be planned, and what is due is counted from the ledger: %v", err)
		return
	}
	s.plan = &f.Accounts[0] // the event names one
}

func (s *seen) note(format string, args ...any) {
	s.notes = append(s.notes, strings.Join(strings.Fields(fmt.Sprintf(format, args...)), " "))
}

// tell puts what is known beside the ledgers into the account's status.
func (s *seen) tell(status *Status) {
	for i := range status.Sources {
		source := &status.Sources[i]
		for j := range source.Accounts {
			if source.Source == s.wanted.Source && source.Accounts[j].Account == s.wanted.Account {
				s.tellAccount(&source.Accounts[j])
			}
		}
	}
}

func (s *seen) tellAccount(account *about.Account) {
	account.Notes = append(account.Notes, s.notes...)
	state := &account.Credential.State
	switch {
	case s.refused:
		*state = about.Refused
	case s.asked, *state == about.Refused && account.Error != nil && s.obtained.After(account.Error.Time):
		*state = about.Good // the key was put in place since
	}
	if s.plan != nil {
		account.Backlog = backlog(*s.plan)
	}
}

func backlog(f export.AccountForecast) about.Backlog {
	b := about.Backlog{Requests: f.Requests, AtLeast: f.AtLeast}
	for _, d := range f.Datasets {
		b.Open, b.Missing, b.Verify = b.Open+d.Open, b.Missing+d.Backlog, b.Verify+d.Verify
		b.Parts += d.Open + d.Unsettled + d.Listings + d.Backlog
	}
	if f.PerMinute > 0 {
		hours := float64(f.Seconds) / time.Hour.Seconds()
		b.Hours = &hours
	}
	return b
}
