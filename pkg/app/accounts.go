package app

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"slices"

	"yardstick/pkg/config"
	"yardstick/pkg/credential"
	"yardstick/pkg/export"
	"yardstick/pkg/rest"
	"yardstick/pkg/scrapright"
)

const userAgent = "yardstick/1"

// accounts builds the accounts of one source for one run.
func (a *App) accounts(source string) ([]export.Account, error) {
	accounts := []export.Account{}
	add := func(name string, account export.Account, err error) error {
		accounts = append(accounts, account)
		if err != nil {
			return fmt.Errorf("%s account %s: %w", source, name, err)
		}
		return nil
	}
	var faults []error
	switch source {
	case ScrapRight:
		for _, c := range a.Configured.ScrapRight {
			account, err := a.scrapright(c)
			faults = append(faults, add(c.Account, account, err))
		}
	case Scrunch:
		for _, c := range a.Configured.Scrunch {
			account, err := a.scrunch(c)
			faults = append(faults, add(c.Account, account, err))
		}
	default:
		return nil, fmt.Errorf("source: found %q, expected %q or %q", source, ScrapRight, Scrunch)
	}
	return accounts, errors.Join(faults...)
}

func sortedNames[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

// scrapRightDatasets is the order of the datasets in results and of their turns.
var scrapRightDatasets = [...]string{"purchases", "customers", "businesses"}

func (a *App) scrapright(c config.ScrapRight) (export.Account, error) {
	yard, err := a.yard(c)
	if err != nil {
		return export.Account{}, err
	}
	account, err := sharedSettings(c.Common)
	if err != nil {
		return export.Account{}, err
	}
	account.Zone, account.Vendor, account.Forecast = c.Location, yard, yard
	for _, name := range scrapRightDatasets {
		if d := c.Datasets[name]; !d.Off {
			how := yard.Datasets[name]
			account.Datasets = append(account.Datasets,
				export.Dataset{Name: name, Listing: how.Listing(), Spec: how.Spec(d.Omit), Omit: d.Omit,
					Settings: settings(c.URL, c.APIKeySecret, c.Location.String(), how)})
		}
	}
	return account, nil
}

// settings is a fingerprint of all that is configured of a dataset's requests.
func settings(of ...any) string {
	sum := sha256.Sum256(fmt.Appendf(nil, "%+v", of))
	return hex.EncodeToString(sum[:8])
}

// yard is one account's ScrapRight, with its pace, client and credential ladder.
func (a *App) yard(c config.ScrapRight) (*scrapright.Source, error) {
	log := a.Log.With("source", ScrapRight, "account", c.Account)
	pace := rest.NewPace(a.Now)
	pace.SetCap(c.RequestsPerMinute)
	client, err := rest.New(rest.Config{BaseURL: c.URL, Transport: a.Transport, Pace: pace, Now: a.Now, Log: log, UserAgent: userAgent})
	if err != nil {
		return nil, err
	}
	datasets := make(map[string]scrapright.Dataset, len(c.Datasets))
	for name, d := range c.Datasets {
		datasets[name] = scrapright.Dataset{Path: d.Path, From: d.From, To: d.To, DateFormat: d.DateFormat,
			ToExclusive: d.ToExclusive, PageSize: d.PageSize, Records: d.Records, Total: d.Total}
	}
	return scrapright.New(scrapright.Config{Client: client, Pace: pace, Zone: c.Location, Datasets: datasets,
		Ladder: a.ladder(c, client, pace)}), nil
}

func (a *App) ladder(c config.ScrapRight, client *rest.Client, pace *rest.Pace) *credential.Ladder {
	return credential.New(credential.Config{Vault: a.vault, KeySecret: c.APIKeySecret, SessionSecret: c.SessionSecret,
		Issuer: scrapright.Issuer{Client: client}, Granted: pace.SetLimit, Holds: hidden(client), Now: a.Now,
		Log: a.Log.With("source", ScrapRight, "account", c.Account)})
}

// hidden keeps secrets out of what a client shows of the vendor's answers.
func hidden(client *rest.Client) func(secrets ...credential.Secret) {
	return func(secrets ...credential.Secret) {
		for _, secret := range secrets {
			client.Veil().Hide(secret.Reveal())
		}
	}
}

func sharedSettings(c config.Common) (export.Account, error) {
	account := export.Account{Name: c.Account, RestateDays: c.RestateDays, RestateEvery: c.RestateEvery, Refresh: c.Refresh,
		VerifyAfter: c.VerifyAfter, Refuse: c.Guard == config.GuardRefuse}
	if c.Start == "" {
		return account, nil
	}
	err := account.Start.UnmarshalText([]byte(c.Start))
	return account, err
}
