using System.Buffers.Binary;
using BinarySize.Formats;
using BinarySize.Formats.Pe;
using BinarySize.IO;
using BinarySize.Mapping;
using BinarySize.Tests.Pe;

namespace BinarySize.Tests.Managed;

public class WebcilTests
{
    /// <summary>The payload that webcil.md describes, made from a PE assembly: the same sections behind smaller headers.</summary>
    internal static byte[] Convert(string path, int version)
    {
        byte[] image = File.ReadAllBytes(path);
        using FileView view = FileView.FromBytes(image, path);
        PeFile pe = PeFile.Parse(view.Bytes);
        int header = version == 0 ? 28 : 32, start = (header + pe.Sections.Count * 16 + 15) & ~15;
        var result = new List<byte>(new byte[start]);
        var head = new byte[start];
        "WbIL"u8.CopyTo(head);
        BinaryPrimitives.WriteUInt16LittleEndian(head.AsSpan(4), (ushort)version);
        BinaryPrimitives.WriteUInt16LittleEndian(head.AsSpan(8), (ushort)pe.Sections.Count);
        BinaryPrimitives.WriteUInt32LittleEndian(head.AsSpan(12), pe.Directory(14).Rva);
        BinaryPrimitives.WriteUInt32LittleEndian(head.AsSpan(16), pe.Directory(14).Size);
        BinaryPrimitives.WriteUInt32LittleEndian(head.AsSpan(20), pe.Directory(6).Rva);
        BinaryPrimitives.WriteUInt32LittleEndian(head.AsSpan(24), pe.Directory(6).Size);
        for (int i = 0; i < pe.Sections.Count; i++)
        {
            PeSection s = pe.Sections[i];
            Span<byte> row = head.AsSpan(header + i * 16);
            BinaryPrimitives.WriteUInt32LittleEndian(row, s.VirtualSize);
            BinaryPrimitives.WriteUInt32LittleEndian(row[4..], s.VirtualAddress);
            BinaryPrimitives.WriteUInt32LittleEndian(row[8..], s.RawSize);
            BinaryPrimitives.WriteUInt32LittleEndian(row[12..], (uint)result.Count);
            result.AddRange(image.AsSpan((int)s.RawOffset, (int)s.RawSize));
        }
        byte[] whole = [.. result];
        head.CopyTo(whole, 0);
        return whole;
    }

    private static SizeMap Map(byte[] content) => PeSamples.Checked(FormatReader.Map(FileView.FromBytes(content, "a.wasm"), "a.wasm"), content.Length);

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    public void A_payload_is_attributed_like_the_assembly_that_it_is_made_of(int version)
    {
        string path = Path.Combine(AppContext.BaseDirectory, "xunit.v3.assert.dll");
        using SizeMap expected = PeSamples.Map(path), actual = Map(Convert(path, version));
        foreach (string part in new[] { "IL", "MethodDef table", "#Strings", "#US", "#Blob", "CustomAttribute table" })
        {
            Assert.Equal(ManagedReaderTests.OwnersIn(expected, part).OrderBy(o => o.Key, StringComparer.Ordinal), ManagedReaderTests.OwnersIn(actual, part).OrderBy(o => o.Key, StringComparer.Ordinal));
        }
        Assert.True(PeSamples.PartSize(actual, "managed code and metadata") > 100_000);
        Assert.Empty(actual.Warnings);
    }

    [Fact]
    public void A_payload_inside_a_module_is_found()
    {
        byte[] payload = Convert(Path.Combine(PeSamples.Windows, "hello.dll"), 0);
        // A module of one data section with two passive segments: the size, then the payload.
        List<byte> data = [2, 1, 4, .. BitConverter.GetBytes(payload.Length), 1, .. Leb(payload.Length), .. payload];
        byte[] module = [.. "\0asm"u8, 1, 0, 0, 0, 11, .. Leb(data.Count), .. data];
        using SizeMap map = Map(module);
        Assert.True(PeSamples.PartSize(map, "IL") > 0);
        Assert.Contains("hello/Program/<Main>$", ManagedReaderTests.OwnersIn(map, "IL").Keys);

        static List<byte> Leb(int value)
        {
            var bytes = new List<byte>();
            for (; value >= 0x80; value >>= 7) bytes.Add((byte)(value | 0x80));
            bytes.Add((byte)value);
            return bytes;
        }
    }

    [Fact]
    public void A_damaged_payload_is_still_accounted_for()
    {
        byte[] good = Convert(Path.Combine(PeSamples.Windows, "hello.dll"), 0);
        Mutator.Truncate(good, 61);
        Mutator.Run(good, 7, 800, (0, 100), (0, good.Length));
    }
}
