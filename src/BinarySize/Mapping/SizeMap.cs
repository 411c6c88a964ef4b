using System.Runtime.InteropServices;

namespace BinarySize.Mapping;

/// <summary>
/// A run of bytes with one owner. It ends where the next one starts.
/// </summary>
/// <param name="Start">Offset of the first byte in the file, in bytes.</param>
/// <param name="Part">The leaf of the part tree: where in the format it lies.</param>
/// <param name="Owner">The leaf of the owner tree: who is answerable for it; 0 where nobody but the format is.</param>
/// <param name="Content">What the bytes are for.</param>
/// <param name="Basis">How sure the owner is.</param>
[StructLayout(LayoutKind.Sequential, Pack = 4)]
public readonly record struct Slice(long Start, int Part, int Owner, ContentKind Content, Basis Basis);

/// <summary>
/// A node of the part tree.
/// </summary>
/// <param name="Parent">Its parent; -1 for part 0, which is the file.</param>
/// <param name="Name">Id in the map's names.</param>
/// <param name="Kind">What it is.</param>
/// <param name="Content">What its bytes are for, where no owner says otherwise.</param>
/// <param name="UnpackedSize">Size in bytes of what it unpacks to; -1 where it is not compressed.</param>
public readonly record struct Part(int Parent, int Name, PartKind Kind, ContentKind Content, long UnpackedSize);

/// <summary>
/// A node of the owner tree. Node 0 is nobody.
/// </summary>
/// <param name="Parent">Its parent; 0 for a root.</param>
/// <param name="Name">Id in the map's names.</param>
/// <param name="Kind">What it is.</param>
public readonly record struct Owner(int Parent, int Name, OwnerKind Kind);

/// <summary>
/// One file's bytes as a partition: slices that do not overlap and leave no gap, over two trees. The part tree says where
/// in the format bytes lie (entry, segment, section, header, padding), the owner tree who is answerable for them
/// (package, assembly, namespace, type, member, symbol). Made by <see cref="SizeMapBuilder"/>, which guarantees that
/// lengths add up to <see cref="Size"/>. It keeps the file views alive that its names lie in: dispose it.
/// </summary>
public sealed class SizeMap : IDisposable
{
    private readonly Slice[] _slices;
    private readonly Part[] _parts;
    private Owner[] _owners;
    private readonly List<MapWarning> _warnings;
    private readonly IReadOnlyList<IDisposable> _kept;

    internal SizeMap(long size, Slice[] slices, Part[] parts, Owner[] owners, NameTable names, List<MapWarning> warnings, IReadOnlyList<IDisposable> kept)
    {
        Size = size;
        _slices = slices;
        _parts = parts;
        _owners = owners;
        Names = names;
        _warnings = warnings;
        _kept = kept;
    }

    /// <summary>Bytes in the file; the sum of all slices.</summary>
    public long Size { get; }

    /// <summary>Slices, by rising <see cref="Slice.Start"/>, none empty. Empty only where the file is.</summary>
    public ReadOnlySpan<Slice> Slices => _slices;

    /// <summary>The part tree; part 0 is the file, parents stand before their children.</summary>
    public ReadOnlySpan<Part> Parts => _parts;

    /// <summary>The owner tree; owner 0 is nobody, parents stand before their children.</summary>
    public ReadOnlySpan<Owner> Owners => _owners;

    /// <summary>Names of parts and owners.</summary>
    public NameTable Names { get; }

    /// <summary>What could not be read as it should.</summary>
    public IReadOnlyList<MapWarning> Warnings => _warnings;

    /// <summary>Length of slice <paramref name="index"/>, in bytes.</summary>
    public long LengthOf(int index) => (index + 1 < _slices.Length ? _slices[index + 1].Start : Size) - _slices[index].Start;

    /// <summary>Notes something that came to light after the map was made.</summary>
    internal void AddWarning(MapWarning warning) => _warnings.Add(warning);

    /// <summary>
    /// Puts another owner tree in the place of this one: <paramref name="renumber"/> says by its old number where in
    /// <paramref name="owners"/> an owner stands now. Owner 0 stays nobody, and parents stand before their children.
    /// </summary>
    internal void ReplaceOwners(Owner[] owners, ReadOnlySpan<int> renumber)
    {
        _owners = owners;
        foreach (ref Slice slice in _slices.AsSpan()) slice = slice with { Owner = renumber[slice.Owner] };
    }

    public void Dispose()
    {
        foreach (IDisposable kept in _kept) kept.Dispose();
        Names.Dispose();
    }
}
