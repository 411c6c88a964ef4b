using BinarySize.IO;

namespace BinarySize.Mapping;

/// <summary>
/// What a reader works with: the bytes of one file or of a file inside a container, and the place in the size map where
/// it stands. Offsets are relative to <see cref="Bytes"/>, so that the same reader maps an ELF on disk and one in a bundle.
/// </summary>
/// <param name="Map">The map under construction.</param>
/// <param name="Part">The part that stands for this file.</param>
/// <param name="Base">Offset of its first byte in the mapped file.</param>
/// <param name="Bytes">Its bytes.</param>
/// <param name="Depth">How many containers it lies in.</param>
/// <param name="Unpack">What looking inside the files in a container may cost; null where containers show entries only.</param>
/// <param name="OwnerRoot">Parent of the owners that the reader finds (the NuGet package that the file came with); 0 for none.</param>
/// <param name="WithOwners">False where only the format is asked for: readers then leave symbols, types and members alone.</param>
public readonly record struct MapScope(
    SizeMapBuilder Map, int Part, long Base, ByteView Bytes, int Depth = 0, UnpackBudget? Unpack = null, int OwnerRoot = 0, bool WithOwners = true)
{
    /// <summary>True where the files in a container are mapped too, which can mean to unpack them; else entries only.</summary>
    public bool LookInside => Unpack is not null;

    public NameTable Names => Map.Names;

    /// <summary>Adds a part below <paramref name="parent"/> (default: this file) and claims its bytes.</summary>
    public int Claim(long start, long length, PartKind kind, ContentKind content, ReadOnlySpan<char> name, int parent = -1) =>
        Claim(start, length, kind, content, Map.Names.Intern(name), parent);

    /// <summary>Adds a part below <paramref name="parent"/> (default: this file) and claims its bytes.</summary>
    public int Claim(long start, long length, PartKind kind, ContentKind content, ReadOnlySpan<byte> name, int parent = -1) =>
        Claim(start, length, kind, content, Map.Names.Intern(name), parent);

    /// <summary>Adds a part below <paramref name="parent"/> (default: this file) and claims its bytes.</summary>
    public int Claim(long start, long length, PartKind kind, ContentKind content, int name, int parent = -1, long unpackedSize = -1)
    {
        int part = Map.AddPart(parent < 0 ? Part : parent, kind, content, name, unpackedSize);
        Extend(start, length, part);
        return part;
    }

    /// <summary>Claims further bytes for a part; what lies outside this file is cut off.</summary>
    public void Extend(long start, long length, int part)
    {
        if (start < 0 || length <= 0 || start >= Bytes.Length) return;
        Map.ClaimPart(Base + start, Math.Min(length, Bytes.Length - start), part);
    }

    /// <summary>Gives bytes to an owner; what lies outside this file is cut off.</summary>
    public void Own(long start, long length, int owner, ContentKind content, Basis basis = Basis.Exact, byte rank = 1)
    {
        if (start < 0 || length <= 0 || start >= Bytes.Length) return;
        Map.ClaimOwner(Base + start, Math.Min(length, Bytes.Length - start), owner, content, basis, rank);
    }

    /// <summary>Splits bytes evenly among owners.</summary>
    public void OwnShared(long start, long length, ReadOnlySpan<int> owners, ContentKind content, byte rank = 1)
    {
        if (start < 0 || length <= 0 || start >= Bytes.Length) return;
        Map.ClaimShared(Base + start, Math.Min(length, Bytes.Length - start), owners, content, rank);
    }

    /// <summary>The scope of a file that lies in this one as it is, at <paramref name="start"/>.</summary>
    public MapScope Inner(long start, long length, int part) =>
        new(Map, part, Base + start, Bytes.Slice(start, length), Depth + 1, Unpack, OwnerRoot, WithOwners);

    public void Warn(string code, string message) => Map.Warn(code, message);
}
