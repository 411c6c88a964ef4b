using System.Reflection.Metadata;
using System.Reflection.Metadata.Ecma335;
using System.Reflection.PortableExecutable;
using System.Security.Cryptography;
using System.Text;
using BinarySize.IO;

namespace BinarySize.Variants;

/// <summary>
/// ILLink writes the absolute path of the symbols into every assembly that it trims (the CodeView entry of its debug
/// directory). Of a private folder with a path of the same length it can be put right in place.
/// </summary>
public static class SymbolPaths
{
    private const int GuidSize = 16;

    /// <summary>Replaces the folder in one assembly; true where it stood there.</summary>
    /// <param name="path">The assembly.</param>
    /// <param name="from">The folder, as it was written.</param>
    /// <param name="to">The folder that is to stand there.</param>
    /// <returns>False where nothing was found, or the two do not take the same bytes.</returns>
    /// <exception cref="IOException">The file can't be read or written.</exception>
    public static bool Replace(string path, string from, string to)
    {
        byte[] old = Encoding.UTF8.GetBytes(from), with = Encoding.UTF8.GetBytes(to);
        if (old.Length != with.Length || old.Length == 0) return false;
        byte[] bytes = File.ReadAllBytes(path);
        if (bytes.AsSpan().IndexOf(old) < 0) return false;
        // The module's id is made of the file, and so of the path in it.
        int id = ModuleId(bytes);
        bool isHash = id >= 0 && HashWithout(bytes, id).AsSpan().SequenceEqual(bytes.AsSpan(id, GuidSize));
        for (int at = 0; bytes.AsSpan(at).IndexOf(old) is >= 0 and int index; at += index + old.Length) with.CopyTo(bytes, at + index);
        if (isHash) HashWithout(bytes, id).CopyTo(bytes, id);
        AtomicFile.WriteBytes(path, bytes);
        return true;
    }

    // Where the module's id (MVID, ECMA-335 II.22.30) stands; -1 where the file is no assembly.
    private static int ModuleId(byte[] bytes)
    {
        try
        {
            using var file = new PEReader(new MemoryStream(bytes));
            if (!file.HasMetadata) return -1;
            MetadataReader metadata = file.GetMetadataReader();
            int index = MetadataTokens.GetHeapOffset(metadata.GetModuleDefinition().Mvid);
            int at = file.PEHeaders.MetadataStartOffset + metadata.GetHeapMetadataOffset(HeapIndex.Guid) + ((index - 1) * GuidSize);
            return index > 0 && at >= 0 && at <= bytes.Length - GuidSize ? at : -1;
        }
        catch (Exception e) when (e is BadImageFormatException or InvalidOperationException or ArgumentException)
        {
            return -1;
        }
    }

    // The id as Mono.Cecil's deterministic writer makes it, which ILLink uses: SHA-1 over the file with zeros in the id's place, marked as a GUID of version 4.
#pragma warning disable CA5350 // No secret depends on it: it is how the format's writer does it.
    private static byte[] HashWithout(byte[] bytes, int id)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA1);
        hash.AppendData(bytes, 0, id);
        hash.AppendData(new byte[GuidSize]);
        hash.AppendData(bytes, id + GuidSize, bytes.Length - id - GuidSize);
        byte[] guid = hash.GetHashAndReset()[..GuidSize];
        guid[7] = (byte)((guid[7] & 0x0F) | 0x40);
        guid[8] = (byte)((guid[8] & 0x3F) | 0x80);
        return guid;
    }
#pragma warning restore CA5350
}
