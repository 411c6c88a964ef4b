using BinarySize.IO;
using BinarySize.Mapping;

namespace BinarySize.Formats.Archives;

/// <summary>
/// Maps a tar archive: every file is a <see cref="PartKind.File"/>, headers and padding are parts of their own. An
/// archive that is a container image is mapped as one (<see cref="ImageReader"/>).
/// </summary>
public static class TarReader
{
    private const int Block = 512;

    /// <summary>Maps the archive at <paramref name="scope"/>.</summary>
    public static void Read(in MapScope scope)
    {
        TarDirectory directory = TarDirectory.Read(scope.Bytes.AsStream(), scope.Bytes.Length);
        if (ImageReader.TryRead(scope, directory)) return;
        Claim(scope, directory, scope.Part);
        Tell(scope, directory, scope.Part, "the tar archive");
    }

    /// <summary>Warns of what is wrong with an archive, and names what is left of its bytes after it.</summary>
    internal static void Tell(in MapScope scope, TarDirectory directory, int part, string what)
    {
        if (directory.Problem is not { } problem) return;
        scope.Map.MarkUnreadable(part, problem);
        scope.Warn(directory.LimitReached ? MapWarningCodes.Limit : MapWarningCodes.Damaged, $"{what} is damaged or too large: {problem}");
    }

    /// <summary>Claims headers, files, and padding of an archive that lies in the scope as it is.</summary>
    /// <param name="wasted">Entries that stand in a folder of their own.</param>
    /// <param name="placed">Where data start that have a part already.</param>
    internal static void Claim(in MapScope scope, TarDirectory directory, int parent, bool[]? wasted = null, HashSet<long>? placed = null)
    {
        int[] parts = Claim(scope.Map, scope.Base, directory, parent, wasted, placed);
        long tail = scope.Bytes.Length - directory.End;
        // What follows the mark is zeros that fill a record, as a rule; else it is for the map to tell.
        if (tail > 0 && directory.Problem is null)
        {
            bool zero = scope.Bytes.IsFilledWith(directory.End, tail, 0);
            scope.Claim(directory.End, zero ? tail : Math.Min(tail, 2 * Block), PartKind.Padding, ContentKind.Padding, "end of archive", parent);
        }
        if (!scope.LookInside) return;
        for (int i = 0; i < parts.Length; i++)
        {
            ref readonly TarEntry e = ref directory.Entries[i];
            if (parts[i] >= 0 && scope.Bytes.Contains(e.Data, e.Stored)) ContainedFile.ReadStored(scope, e.Data, e.Stored, parts[i]);
        }
    }

    /// <summary>
    /// The map of an archive that was read from a decompressor, and whose bytes are gone: as large as the unpacked archive.
    /// </summary>
    internal static SizeMap MapAbsent(TarDirectory directory, string name, bool[]? wasted)
    {
        var builder = new SizeMapBuilder(default, directory.Length, name);
        Claim(builder, 0, directory, 0, wasted, null);
        int end = builder.AddPart(0, PartKind.Padding, ContentKind.Padding, builder.Names.Intern("end of archive"));
        builder.ClaimPart(directory.End, directory.Length - directory.End, end);
        return builder.Build();
    }

    /// <summary>Claims all entries; returns their parts, -1 for those that have none.</summary>
    private static int[] Claim(SizeMapBuilder map, long origin, TarDirectory directory, int parent, bool[]? wasted, HashSet<long>? placed)
    {
        var names = new EntryNames(map.Names);
        ReadOnlySpan<TarEntry> entries = directory.Entries;
        var parts = new int[entries.Length];
        int headers = -1, padding = -1, waste = -1;
        for (int i = 0; i < entries.Length; i++)
        {
            ref readonly TarEntry e = ref entries[i];
            if (headers < 0) headers = map.AddPart(parent, PartKind.Header, ContentKind.Format, map.Names.Intern("tar headers"));
            map.ClaimPart(origin + e.Header, e.Data - e.Header, headers);
            ReadOnlySpan<byte> name = directory.Name(e);
            parts[i] = -1;
            if (e.Stored == 0 && (!e.IsFile || name.EndsWith("/"u8))) continue;
            bool isPlaced = placed is not null && placed.Contains(e.Data);
            int to = parent;
            if (!isPlaced && wasted is not null && wasted[i])
            {
                if (waste < 0) waste = map.AddPart(parent, PartKind.Folder, ContentKind.Other, map.Names.Intern(ImageReader.Waste));
                to = waste;
            }
            if (!isPlaced)
            {
                parts[i] = map.AddPart(to, PartKind.File, ContentKind.Other, names.Unique(name), e.Size > e.Stored ? e.Size : -1);
                map.ClaimPart(origin + e.Data, e.Stored, parts[i]);
            }
            // Some writers leave the last file unpadded.
            long rest = Math.Min((Block - e.Stored % Block) % Block, directory.Length - e.Data - e.Stored);
            if (rest <= 0) continue;
            if (padding < 0) padding = map.AddPart(parent, PartKind.Padding, ContentKind.Padding, map.Names.Intern("tar padding"));
            map.ClaimPart(origin + e.Data + e.Stored, rest, padding);
        }
        return parts;
    }
}
