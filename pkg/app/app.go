// Package app is the wiring: it reads the environment, sets up the SDK, builds the rooms from the configuration, and
// gives handlers their error types. It holds no rule of the export and no detail of a vendor.
package app

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"log/slog"
	"net/http"
	"os"
	"time"

	"yardstick/pkg/awscloud"
	"yardstick/pkg/config"
	"yardstick/pkg/credential"
	"yardstick/pkg/export"
	"yardstick/pkg/snapshot"
)

// What the command line knows of the rooms, which it meets only here.
type (
	// Event is export.Event.
	Event = export.Event
	// Result is export.Result.
	Result = export.Result
	// AccountResult is export.AccountResult.
	AccountResult = export.AccountResult
	// DatasetResult is export.DatasetResult.
	DatasetResult = export.DatasetResult
	// Failure is export.Failure.
	Failure = export.Failure
	// Warning is export.Warning.
	Warning = export.Warning
	// Forecast is export.Forecast.
	Forecast = export.Forecast
	// Progress is export.Progress.
	Progress = export.Progress
	// Config is config.Config.
	Config = config.Config
	// Day is snapshot.Day.
	Day = snapshot.Day
	// Layout is snapshot.Layout.
	Layout = snapshot.Layout
)

// The names of the sources, in events, keys and results.
const (
	ScrapRight = "scrapright"
	Scrunch    = "scrunch"
)

// ConfigVariable names the environment variable with the configuration: its text, or s3://bucket/key, or a file's path.
const ConfigVariable = "YARDSTICK_CONFIG"

// Options says what an App works with. The zero value takes everything from the environment.
type Options struct {
	Config    string            // as the environment variable; "": that variable
	Endpoint  string            // every AWS call goes to this URL with made-up credentials; "": the SDK's environment decides
	Transport http.RoundTripper // carries every call, to AWS and to vendors; nil: their own
	Now       func() time.Time  // nil: the wall clock
	Log       *slog.Logger      // nil: none
	Observe   func(Progress)    // called as work goes on, from several goroutines; nil: not
	Root      string            // what stands before a key for tools that read the bucket: a folder that ends in "/"; "": s3://bucket/
	Stop      <-chan struct{}   // closed: runs end at once with what was read whole written; nil: never
}

// App is yardstick put together for one configuration.
type App struct {
	Options
	Configured *Config
	cloud      cloud
	store      *awscloud.Store
	vault      *awscloud.Vault
}

// Open reads the configuration and sets up the clients. A fault in either is a *ConfigInvalid.
func Open(ctx context.Context, o Options) (*App, error) {
	cloud, err := connect(ctx, o)
	if err != nil {
		return nil, &ConfigInvalid{err}
	}
	return open(ctx, o, cloud)
}

func open(ctx context.Context, o Options, c cloud) (*App, error) {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Config == "" {
		o.Config = os.Getenv(ConfigVariable)
	}
	text, err := loadConfig(ctx, o.Config, c)
	if err != nil {
		return nil, &ConfigInvalid{err}
	}
	configured, err := config.Parse(text)
	if err != nil {
		return nil, &ConfigInvalid{err}
	}
	return &App{Options: o, Configured: configured, cloud: c,
		store: awscloud.NewStore(c.s3, configured.Bucket), vault: awscloud.NewVault(c.secrets)}, nil
}

// Export runs an export of one source, as the functions do. An event that names what there is not is an *EventInvalid.
// A failed run is an *ExportFailed beside its result.
func (a *App) Export(ctx context.Context, source string, e Event) (Result, error) {
	x, err := a.exporter(source)
	if err != nil {
		return Result{}, err
	}
	result, err := x.Run(ctx, e)
	if _, ok := errors.AsType[*export.EventError](err); ok {
		return Result{}, &EventInvalid{err}
	}
	if result.Status == export.Failed {
		err = errors.Join(errors.New(result.Failures()), err)
	}
	if err != nil {
		return result, &ExportFailed{Run: result.Run, Err: err}
	}
	return result, nil
}

// Plan tells what an export would do now, in runs of a length. It changes nothing and spends no token; Scrunch is
// asked for its list of brands. Accounts that cannot be planned are an error beside the forecast of the others.
func (a *App) Plan(ctx context.Context, source string, e Event, length time.Duration) (Forecast, error) {
	x, err := a.exporter(source)
	if err != nil {
		return Forecast{}, err
	}
	f, err := x.Plan(ctx, e, length)
	if _, ok := errors.AsType[*export.EventError](err); ok {
		return Forecast{}, &EventInvalid{err}
	}
	return f, err
}

// Sources are the sources that the configuration has accounts of.
func (a *App) Sources() []string {
	var sources []string
	if len(a.Configured.ScrapRight) > 0 {
		sources = append(sources, ScrapRight)
	}
	if len(a.Configured.Scrunch) > 0 {
		sources = append(sources, Scrunch)
	}
	return sources
}

func (a *App) exporter(source string) (*export.Exporter, error) {
	accounts, err := a.accounts(source)
	if err != nil {
		return nil, &ConfigInvalid{err}
	}
	return export.New(export.Config{Source: source, Store: a.store, Layout: a.layout(),
		Accounts: accounts, Now: a.Now, RunID: runID, Stop: a.Stop, Log: a.Log, Observe: a.Observe,
		Tell: func(ctx context.Context, r Result) { a.tell(ctx, accounts, r) }}), nil
}

// layout spells the keys of the configured bucket.
func (a *App) layout() Layout { return Layout{Prefix: a.Configured.Prefix} }

func runID() string {
	var b [2]byte
	_, _ = rand.Read(b[:]) // it never fails: see crypto/rand
	return hex.EncodeToString(b[:])
}

// CreateSecret makes a secret of that name. One that is there already stays as it is.
func (a *App) CreateSecret(ctx context.Context, name, value string) error {
	token := sha256.Sum256([]byte(name))
	_, err := a.vault.Create(ctx, name, credential.NewSecret(value), hex.EncodeToString(token[:]))
	if errors.Is(err, credential.ErrExists) {
		return nil
	}
	return err
}
