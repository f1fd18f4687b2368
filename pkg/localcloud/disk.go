package localcloud

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"sync"
	"syscall"
)

// errInTheWay says that a folder is where a file should go, or a file where a folder should be.
var errInTheWay = errors.New("a file and a folder would have the same name")

// disk is the folder. Its paths are relative, and nothing outside can be reached by them. What is placed or removed is
// on disk before the call returns.
type disk struct {
	root   *os.Root
	noSync bool // Options.NoSync
	// tree is held for reading while a file goes to its place, for writing while empty folders are removed.
	tree sync.RWMutex
}

func openDisk(dir string, noSync bool) (*disk, error) {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, err
	}
	d := &disk{root: root, noSync: noSync}
	if err := d.prepare(); err != nil {
		return nil, errors.Join(err, root.Close())
	}
	return d, nil
}

func (d *disk) prepare() error {
	if err := d.root.RemoveAll("tmp"); err != nil {
		return err
	}
	for _, name := range []string{"tmp", "s3", "s3-metadata", "secretsmanager"} {
		if err := d.makeFolder(name); err != nil {
			return err
		}
	}
	return nil
}

// temporary opens a new file for writing in the same file system.
func (d *disk) temporary() (*os.File, string, error) {
	name := "tmp/" + rand.Text()
	f, err := d.root.OpenFile(name, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
	return f, name, err
}

// write replaces a file by data, whole or not at all.
func (d *disk) write(name string, data []byte) error {
	f, tmp, err := d.temporary()
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	if err = errors.Join(err, f.Close()); err == nil {
		err = d.place(tmp, name)
	}
	if err != nil {
		return errors.Join(err, d.discard(tmp))
	}
	return nil
}

// discard removes a temporary file, which may be gone.
func (d *disk) discard(tmp string) error {
	if err := d.root.Remove(tmp); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// place moves a file that is written to its name, and makes the folders on the way.
func (d *disk) place(tmp, name string) error {
	if err := d.sync(tmp); err != nil { // first: after a power cut the name must not stand for half of it
		return err
	}
	d.tree.RLock()
	defer d.tree.RUnlock()
	if err := d.makeFolder(path.Dir(name)); err != nil {
		return err
	}
	err := d.root.Rename(tmp, name)
	if err != nil && d.isFolder(name) {
		if d.root.Remove(name) != nil { // not an empty one that a crash left behind
			return errInTheWay
		}
		err = d.root.Rename(tmp, name)
	}
	if err != nil {
		return err
	}
	return d.sync(path.Dir(name))
}

// makeFolder makes a folder and those above it.
func (d *disk) makeFolder(name string) error {
	err := d.root.Mkdir(name, 0o700)
	switch {
	case err == nil:
		return d.sync(path.Dir(name))
	case errors.Is(err, fs.ErrExist) && d.isFolder(name):
		return nil
	case errors.Is(err, fs.ErrExist), errors.Is(err, syscall.ENOTDIR):
		return errInTheWay
	case errors.Is(err, fs.ErrNotExist):
		if err := d.makeFolder(path.Dir(name)); err != nil {
			return err
		}
		return d.makeFolder(name)
	}
	return err
}

func (d *disk) isFolder(name string) bool {
	info, err := d.root.Lstat(name)
	return err == nil && info.IsDir()
}

// remove deletes a file, which may be missing.
func (d *disk) remove(name string) error {
	if err := d.root.Remove(name); isMissing(err) {
		return nil
	} else if err != nil {
		return err
	}
	return d.sync(path.Dir(name))
}

// prune removes a folder and those above it, below top, as far as they are empty.
func (d *disk) prune(folder, top string) {
	d.tree.Lock()
	defer d.tree.Unlock()
	for ; len(folder) > len(top); folder = path.Dir(folder) {
		if !d.isFolder(folder) || d.root.Remove(folder) != nil { // Remove spares a folder that holds something
			return
		}
	}
}

// sync puts a file, or a folder's entries, on disk.
func (d *disk) sync(name string) error {
	if d.noSync {
		return nil
	}
	f, err := d.root.Open(name)
	if err != nil {
		return err
	}
	if err := errors.Join(f.Sync(), f.Close()); err != nil {
		return fmt.Errorf("sync %s: %w", name, err)
	}
	return nil
}

// isMissing says that there is no such file, for want of a folder or because a file is where the folder should be.
func isMissing(err error) bool {
	return errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ENOTDIR)
}
