package app

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"

	"yardstick/pkg/config"
	"yardstick/pkg/credential"
	"yardstick/pkg/scrunch"
	"yardstick/pkg/snapshot"
	"yardstick/pkg/webhook"
)

// SDK is AWS as this App was set up for it: region, credentials, endpoint and transport. It is for clients of services
// that the command line alone asks, and the caller's own to change.
func (a *App) SDK() aws.Config {
	sdk := a.cloud.sdk.Copy()
	if a.Endpoint != "" {
		sdk.BaseEndpoint = aws.String(a.Endpoint)
	}
	if a.Transport != nil {
		sdk.HTTPClient = &http.Client{Transport: a.Transport}
	}
	return sdk
}

// Exported is a dataset that an account exports.
type Exported struct {
	Source, Account, Dataset string
	Listing                  bool // has a newest copy below latest/ too
	Added                    bool // a report of the configuration's own, which is in nobody else's lists
}

// Exported are the datasets of all accounts that are not off, account by account.
func (a *App) Exported() ([]Exported, error) {
	known := map[string]bool{}
	for _, r := range scrunch.Reports() {
		known[r.Name] = true
	}
	var all []Exported
	for _, source := range a.Sources() {
		accounts, err := a.accounts(source)
		if err != nil {
			return nil, &ConfigInvalid{err}
		}
		for i, account := range accounts {
			for _, d := range account.Datasets {
				e := Exported{Source: source, Account: account.Name, Dataset: d.Name, Listing: d.Listing}
				if source == Scrunch {
					_, named := a.Configured.Scrunch[i].Reports[d.Name]
					e.Added = named && !known[d.Name]
				}
				all = append(all, e)
			}
		}
	}
	return all, nil
}

// ConfigOf is the configuration that a function has which finds value in its environment: the text itself, or what lies
// at the s3:// URL, read with this App's credentials. What no function could use, or is not there, is a *ConfigInvalid. Any
// other error says that it cannot be seen: a path names a file of the function's, which is never looked for on this machine.
func (a *App) ConfigOf(ctx context.Context, value string) (*Config, error) {
	value = strings.TrimSpace(value)
	text := []byte(value)
	if place, ok := strings.CutPrefix(value, "s3://"); ok {
		var err error
		text, err = loadFromS3(ctx, place, a.cloud)
		if errors.Is(err, snapshot.ErrNotFound) {
			err = &ConfigInvalid{err}
		}
		if err != nil {
			return nil, err
		}
	} else if !isConfigText(value) {
		return nil, fmt.Errorf("%q is a file of the function's, which is not seen from here", value)
	}
	c, err := config.Parse(text)
	if err != nil {
		return nil, &ConfigInvalid{err}
	}
	return c, nil
}

// HasSecret says whether there is a secret of that name or ARN, with a value or without. An error says that it could
// not be seen.
func (a *App) HasSecret(ctx context.Context, name string) (bool, error) {
	_, err := a.vault.Current(ctx, name)
	if errors.Is(err, credential.ErrNotFound) {
		return false, nil
	}
	return err == nil, err
}

// checkWebhook looks at what webhooks are signed with.
func (a *App) checkWebhook(ctx context.Context) Finding {
	const subject = "webhook.secret"
	name := a.Configured.Webhook.Secret
	stored, err := a.vault.Current(ctx, name)
	if err == nil && stored.ID == "" {
		return finding(Fault, subject, "%s has no value yet: every webhook is answered 503; put the secret that the sender signs with there", name)
	}
	if err == nil {
		_, err = webhook.ParseSecrets(stored.Value.Reveal())
	}
	if err != nil {
		return finding(Fault, subject, "%s: %v", name, err)
	}
	return finding(OK, subject, "%s holds what webhooks are signed with (version %s)", name, short(stored.ID))
}
