package app

import (
	"time"

	"yardstick/pkg/config"
	"yardstick/pkg/export"
	"yardstick/pkg/rest"
	"yardstick/pkg/scrunch"
)

// maxScrunchBody bounds one answer: 90,000 rows, the most that /query gives, are some 33 MB and go into the spool as they
// arrive.
const maxScrunchBody = 1 << 30

func (a *App) scrunch(c config.Scrunch) (export.Account, error) {
	source, err := a.brands(c)
	if err != nil {
		return export.Account{}, err
	}
	account, err := sharedSettings(c.Common)
	if err != nil {
		return export.Account{}, err
	}
	account.Zone, account.Concurrency, account.Vendor, account.Forecast = time.UTC, c.Concurrency, source, source
	omit, off := map[string][]string{}, map[string]bool{}
	for name, d := range c.Datasets {
		omit[name], off[name] = d.Omit, d.Off
	}
	account.Datasets = scrunch.Datasets(source.Reports, omit, off)
	for i := range account.Datasets {
		account.Datasets[i].Settings = settings(c.URL, c.APIKeySecret)
	}
	return account, nil
}

// brands is one account's Scrunch, with its client and its reports as configured.
func (a *App) brands(c config.Scrunch) (*scrunch.Source, error) {
	log := a.Log.With("source", Scrunch, "account", c.Account)
	pace := rest.NewPace(a.Now)
	client, err := rest.New(rest.Config{BaseURL: c.URL, Transport: a.Transport, Pace: pace, Now: a.Now, Log: log, UserAgent: userAgent,
		MaxBody: maxScrunchBody, Timeout: 5 * time.Minute})
	if err != nil {
		return nil, err
	}
	return scrunch.New(scrunch.Config{Client: client, Pace: pace, Vault: a.vault, KeySecret: c.APIKeySecret, Brands: c.Brands, Except: c.Except,
		Reports: reports(c.Reports)}), nil
}

// reports are the known reports with the configuration's overrides, and then its additions by name.
func reports(configured map[string]config.Report) []scrunch.Report {
	all := scrunch.Reports()
	known := map[string]bool{}
	for i, r := range all {
		known[r.Name] = true
		all[i] = override(r, configured[r.Name])
	}
	for _, name := range sortedNames(configured) {
		if !known[name] {
			all = append(all, override(scrunch.Report{Name: name}, configured[name]))
		}
	}
	return all
}

func override(r scrunch.Report, c config.Report) scrunch.Report {
	if len(c.Fields) > 0 {
		r.Fields = c.Fields
	}
	if len(c.Filters) > 0 {
		r.Filters = c.Filters
	}
	r.Off = (r.Off && !c.On) || c.Off
	return r
}
