package wire

import "slices"

// Repeats says whether a fingerprint is there twice. They are spread evenly, as hashes are: others take longer. It needs
// as much memory as they do.
func Repeats(fingerprints []uint64) bool {
	const bits = 10 // by which they are put into buckets, that are sorted in the nearest memory there is
	var begins [1<<bits + 1]int
	for _, f := range fingerprints {
		begins[f>>(64-bits)]++
	}
	sum := 0
	for b, count := range begins {
		sum += count
		begins[b] = sum // the end, from which the bucket is filled
	}
	all := make([]uint64, len(fingerprints))
	for _, f := range fingerprints {
		begin := &begins[f>>(64-bits)]
		*begin--
		all[*begin] = f
	}
	for b, begin := range begins[:1<<bits] {
		bucket := all[begin:begins[b+1]]
		slices.Sort(bucket)
		for i := 1; i < len(bucket); i++ {
			if bucket[i] == bucket[i-1] {
				return true
			}
		}
	}
	return false
}
