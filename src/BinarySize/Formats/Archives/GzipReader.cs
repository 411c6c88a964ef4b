using System.IO.Compression;
using BinarySize.IO;
using BinarySize.Mapping;

namespace BinarySize.Formats.Archives;

/// <summary>
/// Maps a gzip file (RFC 1952): header, compressed data, trailer. What the data unpack to is laid over them in
/// proportion where the scope looks inside.
/// </summary>
public static class GzipReader
{
    private const int TrailerLength = 8;

    /// <summary>Maps the file at <paramref name="scope"/>.</summary>
    public static void Read(in MapScope scope)
    {
        ByteView bytes = scope.Bytes;
        long data = HeaderLength(bytes, out ReadOnlySpan<byte> name);
        long length = bytes.Length - data - TrailerLength;
        if (length < 0) throw new BadFormatException($"it ends {-length} bytes before its trailer does");
        // Modulo 2^32, and of the last member alone where there are several: what the file says.
        long stated = bytes.U32(bytes.Length - 4);
        int id = name.IsEmpty ? scope.Names.Intern("compressed data") : scope.Names.Intern(name);
        scope.Claim(0, data, PartKind.Header, ContentKind.Format, "gzip header");
        int part = scope.Claim(data, length, PartKind.File, ContentKind.Other, id, unpackedSize: stated);
        scope.Claim(bytes.Length - TrailerLength, TrailerLength, PartKind.Header, ContentKind.Format, "gzip trailer");
        if (scope.Unpack is not { } budget || length == 0) return;

        long limit = budget.LimitFor(length);
        try
        {
            byte[] head = new byte[512];
            int read;
            using (var peek = new GZipStream(bytes.AsStream(), CompressionMode.Decompress)) read = peek.ReadAtLeast(head, head.Length, throwOnEndOfStream: false);
            using (FileView start = FileView.FromBytes(head.AsSpan(0, read), ""))
            {
                if (FileFormats.Detect(start.Bytes) == FileFormat.Other) return;
            }
            if (stated > limit || limit < head.Length)
            {
                if (budget.TellOnce()) scope.Warn(MapWarningCodes.Limit, $"it unpacks to {stated} bytes, more than is unpacked of this file; it is measured as a whole");
                return;
            }
            using var gzip = new GZipStream(bytes.AsStream(), CompressionMode.Decompress);
            FileView view;
            try
            {
                view = FileView.FromStream(gzip, stated, limit, scope.Names.Text(id));
            }
            catch (BadFormatException e)
            {
                budget.Spend(limit);
                if (budget.TellOnce()) scope.Warn(MapWarningCodes.Limit, $"{e.Message}; it is measured as a whole");
                return;
            }
            budget.Spend(view.Length);
            // Several members: the last one's trailer speaks for itself alone.
            if ((uint)view.Length != stated && view.Length < stated) scope.Warn(MapWarningCodes.Damaged, $"the gzip file unpacks to {view.Length} bytes, not to the {stated} that are stated");
            using SizeMap inner = FormatReader.MapUnpacked(view, scope.Names.Text(id), scope);
            scope.Map.Nest(scope.Base + data, length, part, inner);
        }
        catch (InvalidDataException e)
        {
            scope.Warn(MapWarningCodes.Damaged, $"the gzip file cannot be unpacked: {e.Message}");
        }
    }

    /// <summary>Bytes of the header of a member, and the file's name where it is there.</summary>
    private static long HeaderLength(ByteView bytes, out ReadOnlySpan<byte> name)
    {
        const int headerCheck = 2, extra = 4, hasName = 8, comment = 16;
        int flags = bytes.U8(3);
        long at = 10;
        name = default;
        if ((flags & extra) != 0) at += 2 + bytes.U16(at);
        if ((flags & hasName) != 0)
        {
            name = bytes.CString(at);
            at += name.Length + 1;
        }
        if ((flags & comment) != 0) at += bytes.CString(at).Length + 1;
        if ((flags & headerCheck) != 0) at += 2;
        return at;
    }
}
