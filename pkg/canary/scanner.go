package canary

import (
	"bufio"
	"bytes"
	"cmp"
	"compress/gzip"
	"encoding/binary"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

const (
	// Shortest is the length from which on a secret is looked for, in bytes: less would be found by chance.
	Shortest = 8
	// piece is how much of a spelling gives it away. A message may be cut in the middle of a token.
	piece = 24
	// head is how much of a piece is looked up.
	head = 8
	// several is the owner of a piece that several secrets have in common, as tokens have their beginning.
	several = "a part of several secrets"
)

// Scanner looks for a set of secrets. It is immutable, and safe for concurrent use.
type Scanner struct {
	filter  []uint64 // bits by the hash of a head: clear where no piece begins so
	byHead  map[uint64][]pattern
	secrets map[string]string
}

type pattern struct{ text, owner, form string }

const filterBits = 20

func slot(head uint64) uint64 { return head * 0x9e3779b97f4a7c15 >> (64 - filterBits) }

// New is a Scanner for secrets by name. A secret shorter than Shortest is an error.
func New(secrets map[string]string) (*Scanner, error) {
	s := &Scanner{filter: make([]uint64, 1<<filterBits/64), byHead: map[uint64][]pattern{}, secrets: secrets}
	owners := map[string]*pattern{}
	known := map[string]bool{}
	for _, name := range slices.Sorted(maps.Keys(secrets)) {
		secret := secrets[name]
		if len(secret) < Shortest {
			return nil, fmt.Errorf("%s has %d bytes, expected %d at least: a shorter one would be found by chance", name, len(secret), Shortest)
		}
		if known[secret] {
			continue
		}
		known[secret] = true
		for _, form := range Forms(secret) {
			for text := range pieces(form.Text) {
				switch before := owners[text]; {
				case before == nil:
					owners[text] = &pattern{text: text, owner: name, form: form.Name}
				case before.owner != name:
					before.owner = several
				}
			}
		}
	}
	for _, p := range owners {
		begins := binary.LittleEndian.Uint64([]byte(p.text))
		s.byHead[begins] = append(s.byHead[begins], *p)
		s.filter[slot(begins)/64] |= 1 << (slot(begins) % 64)
	}
	return s, nil
}

// pieces cut a text in such a way that any part of it of twice a piece's length holds one whole.
func pieces(text string) func(yield func(string) bool) {
	return func(yield func(string) bool) {
		if len(text) <= piece {
			yield(text)
			return
		}
		for at := 0; at+piece <= len(text); at += piece {
			if !yield(text[at : at+piece]) {
				return
			}
		}
		yield(text[len(text)-piece:])
	}
}

// Finding is a place that holds a secret, or a telling part of it.
type Finding struct {
	Secret string // its name
	Form   string // as Forms names them
	Place  string // file, "(uncompressed)" where that was needed, or what the caller called it
	Offset int64  // of the first part found there, in bytes
}

// String tells all but the secret.
func (f Finding) String() string {
	return fmt.Sprintf("%s (%s) in %s at byte %d", f.Secret, f.Form, f.Place, f.Offset)
}

// Text looks through a text. A secret is told once for each form.
func (s *Scanner) Text(place, text string) []Finding {
	look := s.search(place)
	look.write([]byte(text))
	return look.findings()
}

// Reader looks through all that r gives: as it is, and uncompressed too where it begins as gzip does. It holds no more
// than a part in memory. The error is the reader's, or that of compressed data which is damaged; what was found comes
// beside it.
func (s *Scanner) Reader(place string, r io.Reader) ([]Finding, error) {
	in := bufio.NewReader(r)
	look := s.search(place)
	magic, _ := in.Peek(2) // an error comes again
	if !bytes.Equal(magic, []byte{0x1f, 0x8b}) {
		_, err := io.Copy(look, in)
		return look.findings(), err
	}
	var found []Finding
	plain, err := gzip.NewReader(io.TeeReader(in, look))
	if err == nil {
		found, err = s.Reader(place+" (uncompressed)", plain)
	}
	if err != nil {
		err = fmt.Errorf("%s begins as gzip does, and is not: %w", place, err)
	}
	_, rest := io.Copy(look, in)
	return append(look.findings(), found...), cmp.Or(err, rest)
}

// Folder looks through the names and the content of all files below a folder.
func (s *Scanner) Folder(root string) ([]Finding, error) {
	var found []Finding
	err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name, err := filepath.Rel(root, path)
		if err != nil {
			return err
		}
		found = append(found, s.Text("the name of a file or folder", name)...)
		if entry.IsDir() {
			return nil
		}
		file, err := os.Open(path) //nolint:gosec // the caller names the folder
		if err != nil {
			return err
		}
		defer func() { _ = file.Close() }() // it was only read
		inside, err := s.Reader(name, file)
		found = append(found, inside...)
		return err
	})
	return found, err
}

// Missing names the secrets that are in no finding: a test that plants all shows with it that none is overlooked.
func (s *Scanner) Missing(found []Finding) []string {
	missing := maps.Clone(s.secrets)
	for _, f := range found {
		value := s.secrets[f.Secret]
		maps.DeleteFunc(missing, func(_, other string) bool { return other == value })
	}
	return slices.Sorted(maps.Keys(missing))
}

// search looks through one place as it is written to it.
type search struct {
	*Scanner
	place string
	text  []byte // what is not looked through yet, and the end of what was, since a piece may begin there
	at    int64  // of text in the whole
	found map[[2]string]Finding
}

func (s *Scanner) search(place string) *search {
	return &search{Scanner: s, place: place, found: map[[2]string]Finding{}}
}

// Write never fails.
func (s *search) Write(p []byte) (int, error) {
	s.write(p)
	return len(p), nil
}

func (s *search) write(p []byte) {
	s.text = append(s.text, p...)
	for i := 0; i+head <= len(s.text); i++ {
		begins := binary.LittleEndian.Uint64(s.text[i:])
		if n := slot(begins); s.filter[n/64]&(1<<(n%64)) == 0 {
			continue
		}
		for _, pattern := range s.byHead[begins] {
			id := [2]string{pattern.owner, pattern.form}
			if _, known := s.found[id]; !known && bytes.HasPrefix(s.text[i:], []byte(pattern.text)) {
				s.found[id] = Finding{Secret: pattern.owner, Form: pattern.form, Place: s.place, Offset: s.at + int64(i)}
			}
		}
	}
	looked := max(0, len(s.text)-piece+1)
	s.at += int64(looked)
	s.text = append(s.text[:0], s.text[looked:]...)
}

func (s *search) findings() []Finding {
	return slices.SortedFunc(maps.Values(s.found), func(a, b Finding) int {
		return cmp.Or(cmp.Compare(a.Offset, b.Offset), strings.Compare(a.Secret+a.Form, b.Secret+b.Form))
	})
}
