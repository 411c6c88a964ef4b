using System.IO.Compression;
using BinarySize.IO;
using BinarySize.Mapping;

namespace BinarySize.Formats.Archives;

/// <summary>Looks into a file that lies in a container, as it is or deflated, where the scope asks for it.</summary>
internal static class ContainedFile
{
    // As far as the furthest magic number reaches (tar's, at 257).
    private const int MagicLength = 512;

    /// <summary>Maps a file that lies there as it is.</summary>
    public static void ReadStored(in MapScope scope, long start, long length, int part)
    {
        if (scope.LookInside && length > 0) FormatReader.Read(scope.Inner(start, length, part));
    }

    /// <summary>
    /// Maps a file that lies there as raw deflate data (RFC 1951), unpacked and laid over its compressed bytes in
    /// proportion. Warns where it does not unpack to the size that it should, and where the limits stop it.
    /// </summary>
    /// <param name="start">Its first byte in the scope.</param>
    /// <param name="length">Its compressed bytes.</param>
    /// <param name="unpacked">The bytes that it should unpack to.</param>
    /// <param name="part">Its part, which has claimed its bytes.</param>
    /// <param name="name">Id of its name, for warnings.</param>
    public static void ReadDeflated(in MapScope scope, long start, long length, long unpacked, int part, int name)
    {
        if (scope.Unpack is not { } budget || length <= 0) return;
        // 1 : 1032 is the best that deflate can do (a 258-byte match in 2 bits).
        if (unpacked < 0 || unpacked / 1040 > length)
        {
            scope.Warn(MapWarningCodes.Damaged, $"'{scope.Names.Text(name)}' says that it unpacks to {unpacked} bytes, which its {length} compressed bytes cannot");
            return;
        }
        ByteView bytes = scope.Bytes.Slice(start, length);
        try
        {
            if (!IsWorthIt(bytes)) return;
            if (unpacked > budget.LimitFor(length))
            {
                if (budget.TellOnce()) scope.Warn(MapWarningCodes.Limit, $"'{scope.Names.Text(name)}' unpacks to {unpacked} bytes, more than is unpacked of this file; it and others like it are measured as a whole");
                return;
            }
            budget.Spend(unpacked);
            string text = scope.Names.Text(name);
            using var deflate = new DeflateStream(bytes.AsStream(), CompressionMode.Decompress);
            FileView view = FileView.FromStream(deflate, unpacked, Math.Max(unpacked, 256), text);
            if (view.Length != unpacked) scope.Warn(MapWarningCodes.Damaged, $"'{text}' unpacks to {view.Length} bytes, not to the {unpacked} that are stated");
            using SizeMap inner = FormatReader.MapUnpacked(view, text, scope);
            scope.Map.Nest(scope.Base + start, length, part, inner);
        }
        catch (Exception e) when (e is InvalidDataException or BadFormatException)
        {
            scope.Warn(MapWarningCodes.Damaged, $"'{scope.Names.Text(name)}' cannot be unpacked: {e.Message}");
        }
    }

    private static bool IsWorthIt(ByteView bytes)
    {
        using var deflate = new DeflateStream(bytes.Clip(0, 4096).AsStream(), CompressionMode.Decompress);
        byte[] head = new byte[MagicLength];
        int read = 0;
        try
        {
            while (read < head.Length && deflate.Read(head, read, head.Length - read) is > 0 and int n) read += n;
        }
        catch (InvalidDataException) when (bytes.Length > 4096 && read > 0)
        {
            // Only the clipping cut it short: what came out is enough to tell by.
        }
        using FileView view = FileView.FromBytes(head.AsSpan(0, read), "");
        return FileFormats.Detect(view.Bytes) != FileFormat.Other;
    }
}
