package localcloud

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"
)

// maxSecretsBody is beyond the longest body that can be valid: a value of 65,536 bytes, each of them escaped.
const maxSecretsBody = 1 << 20

const jsonType = "application/x-amz-json-1.1"

// secretsError is an answer of Secrets Manager that tells what is wrong. A client acts on Type.
type secretsError struct {
	Type    string `json:"__type"`
	Message string
}

func (e *secretsError) Error() string { return e.Type + ": " + e.Message }

func noSuchSecret() error {
	return &secretsError{"ResourceNotFoundException", "Secrets Manager can't find the specified secret."}
}

// noSuchValue says that the secret is there and the value is not. which names a staging label or a VersionId.
func noSuchValue(which string) error {
	return &secretsError{"ResourceNotFoundException", "Secrets Manager can't find the specified secret value for " + which}
}

func invalidParameter(format string, args ...any) error {
	return &secretsError{"InvalidParameterException", fmt.Sprintf(format, args...)}
}

// invalidState is InvalidRequestException: the secret, as it is, does not allow the request.
func invalidState(message string, args ...any) error {
	return &secretsError{"InvalidRequestException", fmt.Sprintf(message, args...)}
}

func validation(format string, args ...any) error {
	return &secretsError{"ValidationException", fmt.Sprintf(format, args...)}
}

func invalidName() error {
	return validation("Invalid name. Must be a valid name containing alphanumeric characters, " +
		"or any of the following: -/_+=.@!")
}

// secretsService answers Secrets Manager requests.
type secretsService struct {
	operations map[string]func(body []byte) (any, error)
	newID      func() string
	log        *slog.Logger
	count      func(operation string)
}

func newSecretsService(s *secretStore, newID func() string, log *slog.Logger, count func(string)) *secretsService {
	return &secretsService{newID: newID, log: log, count: count, operations: map[string]func([]byte) (any, error){
		"CreateSecret":             operation(s, s.create),
		"GetSecretValue":           operation(s, s.getValue),
		"PutSecretValue":           operation(s, s.putValue),
		"UpdateSecretVersionStage": operation(s, s.updateStage),
		"DescribeSecret":           operation(s, s.describe),
		"ListSecretVersionIds":     operation(s, s.listVersions),
		"DeleteSecret":             operation(s, s.deleteSecret),
		"RestoreSecret":            operation(s, s.restore),
	}}
}

// operation reads the input and holds the store while the operation runs.
func operation[In, Out any](s *secretStore, do func(In) (Out, error)) func([]byte) (any, error) {
	return func(body []byte) (any, error) {
		in, err := decodeInput[In](body)
		if err != nil {
			return nil, err
		}
		s.mu.Lock()
		defer s.mu.Unlock()
		return do(in)
	}
}

// decodeInput reads a JSON object whose members are the fields of In, by their exact names, and no others: a member
// that is not built must not be passed over. Its errors say nothing of the values.
func decodeInput[In any](body []byte) (in In, err error) {
	var members map[string]json.RawMessage
	if err := json.Unmarshal(body, &members); err != nil || members == nil {
		return in, &secretsError{"SerializationException", "The body is not a JSON object."}
	}
	var known []string
	for field := range reflect.TypeFor[In]().Fields() {
		known = append(known, field.Name)
	}
	for _, name := range slices.Sorted(maps.Keys(members)) {
		if !slices.Contains(known, name) {
			return in, &secretsError{"SerializationException", fmt.Sprintf(
				"The local Secrets Manager does not know the member %q here; it knows %s.", name, strings.Join(known, ", "))}
		}
	}
	if err := json.Unmarshal(body, &in); err != nil {
		message := "A member cannot be read."
		if fault, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
			message = "The member " + fault.Field + " is of another type."
		}
		return in, &secretsError{"SerializationException", message}
	}
	return in, nil
}

func (s *secretsService) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	id := s.newID()
	w.Header().Set("X-Amzn-RequestId", id)
	name, do, err := s.route(r)
	s.count("secretsmanager:" + name)
	var answer any
	if err == nil {
		var body []byte
		if body, err = io.ReadAll(http.MaxBytesReader(w, r.Body, maxSecretsBody)); err != nil {
			err = &secretsError{"SerializationException", "The body cannot be read, or is longer than 1 MiB."}
		} else {
			answer, err = do(body)
		}
	}
	if err != nil {
		s.writeError(w, name, err)
	} else {
		s.writeJSON(w, http.StatusOK, answer)
	}
	s.log.Debug("secretsmanager request", "operation", name, "id", id, "error", err)
}

// route finds the operation that X-Amz-Target names.
func (s *secretsService) route(r *http.Request) (name string, do func([]byte) (any, error), err error) {
	name, _ = strings.CutPrefix(r.Header.Get("X-Amz-Target"), "secretsmanager.")
	do, known := s.operations[name]
	if !known || r.Method != http.MethodPost || r.URL.Path != "/" || r.URL.RawQuery != "" {
		return "unsupported", nil, &secretsError{"UnknownOperationException", fmt.Sprintf(
			"The local Secrets Manager has no %s of %s with the target %q; it has POST of / for %s.", r.Method, r.URL.Path,
			r.Header.Get("X-Amz-Target"), strings.Join(slices.Sorted(maps.Keys(s.operations)), ", "))}
	}
	if err := checkSigned(r.Header, "secretsmanager"); errors.Is(err, errUnsigned) {
		return name, nil, &secretsError{"MissingAuthenticationTokenException", err.Error() + "."}
	} else if err != nil {
		return name, nil, &secretsError{"IncompleteSignatureException", err.Error() + "."}
	}
	if r.Header.Get("Content-Type") != jsonType {
		return name, nil, &secretsError{"SerializationException", "The Content-Type must be " + jsonType + "."}
	}
	return name, do, nil
}

// writeError answers an error; what is no *secretsError is InternalServiceError, which clients try again.
func (s *secretsService) writeError(w http.ResponseWriter, operation string, err error) {
	status := http.StatusBadRequest
	e, ok := errors.AsType[*secretsError](err)
	if !ok {
		s.log.Error("the local Secrets Manager failed", "operation", operation, "error", err)
		status, e = http.StatusInternalServerError, &secretsError{"InternalServiceError", err.Error()}
	}
	w.Header().Set("X-Amzn-ErrorType", e.Type)
	s.writeJSON(w, status, e)
}

func (s *secretsService) writeJSON(w http.ResponseWriter, status int, answer any) {
	text, err := json.Marshal(answer)
	if err != nil {
		s.log.Error("an answer of the local Secrets Manager is no JSON", "error", err)
		w.WriteHeader(http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", jsonType)
	w.WriteHeader(status)
	if _, err := w.Write(text); err != nil {
		s.log.Debug("the client did not take the answer", "error", err)
	}
}

// epoch is a time as Secrets Manager spells it: seconds since 1970, to the millisecond. The zero value is left out.
type epoch struct{ time.Time }

// MarshalJSON spells the time as a number.
func (e epoch) MarshalJSON() ([]byte, error) {
	return strconv.AppendFloat(nil, float64(e.UnixMilli())/1000, 'f', 3, 64), nil
}
