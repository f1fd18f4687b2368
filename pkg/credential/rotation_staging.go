package credential

import (
	"context"
	"errors"
	"slices"
)

// Staging labels of Secrets Manager (docs.aws.amazon.com/secretsmanager/latest/userguide/whats-in-a-secret.html).
const (
	LabelCurrent = "AWSCURRENT"
	LabelPending = "AWSPENDING"
)

// ErrMoved is what a Staging answers beside the errors of a Vault: the staging label is not where the caller took it to
// be.
var ErrMoved = errors.New("the staging label is elsewhere by now")

// Description is what is known of a secret without reading a value.
type Description struct {
	ARN             string
	RotationEnabled bool
	Labels          map[string][]string // staging labels by VersionId; versions without a label are left out
}

// holder is the version that has a label; "" where there is none.
func (d Description) holder(label string) string {
	for id, labels := range d.Labels {
		if slices.Contains(labels, label) {
			return id
		}
	}
	return ""
}

// Staging is a vault as a rotation sees it: versions, and the staging labels on them. Names may be ARNs. Its errors are
// those of a Vault, and ErrMoved. It is safe for concurrent use.
type Staging interface {
	// Describe tells the secret's versions and their labels. ErrUnusable where it is marked for deletion.
	Describe(ctx context.Context, name string) (Description, error)
	// Read reads one version, whatever labels it has, and be it none. ErrNotFound where there is no such secret or
	// version, or the version has no value yet.
	Read(ctx context.Context, name, id string) (Version, error)
	// PutPending stores value as version token with the label AWSPENDING, which leaves the version that had it;
	// AWSCURRENT stays where it is. The same token with the same value changes nothing and succeeds; with another value
	// it is ErrExists. rotationToken is the one of the rotation's event, and may be empty.
	PutPending(ctx context.Context, name string, value Secret, token string, rotationToken Secret) error
	// MoveLabel moves a label from one version to another. An empty to takes it off; an empty from says that no version
	// has it. It is a compare-and-swap: ErrMoved where from is not the version that has the label. Where the label is
	// already as it should be, nothing changes and it succeeds, so that the call may be repeated.
	MoveLabel(ctx context.Context, name, label, to, from string) error
}
