package localcloud

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"os"
	"sync"
	"time"
)

// Options says how a Cloud is opened. Only Now is required.
type Options struct {
	// Now is the clock of LastModified, CreatedDate and the like.
	Now func() time.Time
	// Log hears of each request at Debug, of odd files at Warn and of failed reads and writes at Error. It never
	// sees a secret's value. Nil: nothing is logged.
	Log *slog.Logger
	// NewID makes request ids and the tokens of StartRotation: 32 to 64 characters, a new one at each call, safe for
	// concurrent use. Nil: random UUIDs.
	NewID func() string
	// NoSync leaves it to the operating system when writes reach the disk. A killed process loses nothing by that, a
	// power cut may. It makes tests several times faster.
	NoSync bool
}

// Cloud is S3 and Secrets Manager over one folder. It is safe for concurrent use.
type Cloud struct {
	now     func() time.Time
	newID   func() string
	log     *slog.Logger
	lock    *os.File
	disk    *disk
	objects *objects
	secrets *secretStore

	gate   sync.RWMutex // held for reading by each request, for writing by Close
	closed bool

	mu      sync.Mutex // guards what follows
	counts  map[string]int
	servers []*http.Server
	stopped bool // no server may begin any more
}

// Open makes the folder dir where it is missing, locks it, and clears away what a crash left in the middle of a write.
// A folder that is open already, in this process or another, is a *Locked error; Open does not wait for it.
func Open(dir string, o Options) (*Cloud, error) {
	if o.Now == nil {
		return nil, errors.New("localcloud: Options.Now is nil; pass the clock")
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.NewID == nil {
		o.NewID = newUUID
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("make the folder of the local cloud: %w", err)
	}
	lock, err := lockFolder(dir)
	if err != nil {
		return nil, err
	}
	d, err := openDisk(dir, o.NoSync)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("open the folder of the local cloud: %w", err), lock.Close())
	}
	return &Cloud{
		now:     o.Now,
		newID:   o.NewID,
		log:     o.Log,
		lock:    lock,
		disk:    d,
		objects: newObjects(d, o.Log),
		secrets: &secretStore{disk: d, now: o.Now, newID: o.NewID},
		counts:  map[string]int{},
	}, nil
}

// CreateBucket makes a bucket. One that exists is no error.
func (c *Cloud) CreateBucket(name string) error {
	c.gate.RLock()
	defer c.gate.RUnlock()
	return c.objects.createBucket(name)
}

// StartRotation does to a secret what Secrets Manager does before it calls a rotation function: rotation is on, and a
// new version that has no value holds AWSPENDING. It answers that version's id, the ClientRequestToken of the four
// steps. An AWSPENDING that sits on a version other than AWSCURRENT is an error, a rotation in progress. secretID is a
// name or an ARN.
func (c *Cloud) StartRotation(secretID string) (token string, err error) {
	c.gate.RLock()
	defer c.gate.RUnlock()
	return c.secrets.startRotation(secretID)
}

// Requests counts the requests so far by operation, such as "s3:PutObject" or "secretsmanager:GetSecretValue",
// whatever came of them. Requests for what is not built count as "s3:unsupported" and "secretsmanager:unsupported".
func (c *Cloud) Requests() map[string]int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return maps.Clone(c.counts)
}

func (c *Cloud) count(operation string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.counts[operation]++
}

// S3 is the S3 endpoint alone.
func (c *Cloud) S3() http.Handler {
	return c.guard(&s3Service{objects: c.objects, now: c.now, newID: c.newID, log: c.log, count: c.count})
}

// SecretsManager is the Secrets Manager endpoint alone.
func (c *Cloud) SecretsManager() http.Handler {
	return c.guard(newSecretsService(c.secrets, c.newID, c.log, c.count))
}

// Handler is one endpoint for both services, fit for AWS_ENDPOINT_URL. Requests with an X-Amz-Target header are for
// Secrets Manager, all others for S3.
func (c *Cloud) Handler() http.Handler {
	s3, secretsManager := c.S3(), c.SecretsManager()
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("X-Amz-Target") != "" {
			secretsManager.ServeHTTP(w, r)
			return
		}
		s3.ServeHTTP(w, r)
	})
}

// guard keeps requests out once the Cloud is closed: the folder may be another's by then.
func (c *Cloud) guard(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c.gate.RLock()
		defer c.gate.RUnlock()
		if c.closed {
			http.Error(w, "the local cloud is closed", http.StatusServiceUnavailable)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// Close stops what Start and Serve began, giving open requests a moment to end, waits for requests of other servers,
// and releases the folder. Later requests are answered 503. A second Close does nothing.
func (c *Cloud) Close() error {
	err := c.stopServers()
	c.gate.Lock()
	defer c.gate.Unlock()
	if c.closed {
		return err
	}
	c.closed = true
	return errors.Join(err, c.disk.root.Close(), c.lock.Close())
}

func newUUID() string {
	var b [16]byte
	_, _ = io.ReadFull(rand.Reader, b[:]) // never fails: the program ends instead
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}
